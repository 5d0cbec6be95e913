// What a page can try on the engine. Each attempt that gets in leaves its name there: as a message, an object or a
// function. Comes to what the page could read, by the name of the attempt.
async function attempts({ engine, port, queue, bucket, api, socketApi, code, presigned }) {
  const read = {};
  const action = (name) => ({ Action: "SendMessage", QueueUrl: queue, MessageBody: name });
  const address = (name) => `${engine}/?${new URLSearchParams(action(name))}`;
  const called = (name) => `${engine}/_aws/execute-api/${api}/dev/${name}`;
  const attempt = async (name, request) => {
    try {
      const answer = await request;
      read[name] = answer instanceof Response && answer.ok ? await answer.text() : "";
    } catch (error) {
      read[name] = "";
    }
  };
  const shown = (element) =>
    new Promise((done) => {
      for (const event of ["load", "error"]) element.addEventListener(event, done, { once: true });
      document.documentElement.append(element);
    });
  const element = (kind, attributes) => Object.assign(document.createElement(kind), attributes);
  const submitted = async (name, make) => {
    const frame = element("iframe", { name });
    document.documentElement.append(frame);
    const loaded = new Promise((done) => frame.addEventListener("load", done, { once: true }));
    make(name);
    await loaded;
  };
  const form = (method, enctype) => (target) => {
    const made = element("form", { action: `${engine}/`, method, enctype, target });
    for (const [name, value] of Object.entries(action(target))) {
      made.append(element("input", { type: "hidden", name, value }));
    }
    document.documentElement.append(made);
    made.submit();
  };
  const link = (target) => {
    const made = element("a", { href: address(target), target });
    document.documentElement.append(made);
    made.click();
  };
  const functionOf = (name) => JSON.stringify({
    FunctionName: name, Runtime: "python3.13", Handler: "code.handler", Role: "arn:aws:iam::000000000000:role/any",
    Code: { ZipFile: code },
  });

  await attempt("fetch", fetch(address("fetch")));
  await attempt("fetch-post", fetch(`${engine}/`, { method: "POST", body: new URLSearchParams(action("fetch-post")) }));
  await attempt("fetch-blind", fetch(address("fetch-blind"), { mode: "no-cors" }));
  await attempt("fetch-blind-post", fetch(`${engine}/`, {
    method: "POST", mode: "no-cors", body: new URLSearchParams(action("fetch-blind-post")),
  }));
  const functions = `${engine}/2015-03-31/functions`;
  await attempt("function", fetch(functions, {
    method: "POST", body: functionOf("function"), headers: { "Content-Type": "application/json" },
  }));
  await attempt("function-blind", fetch(functions, { method: "POST", mode: "no-cors", body: functionOf("function-blind") }));
  await attempt("put", fetch(`${engine}/${bucket}/put`, { method: "PUT", body: "put" }));
  await attempt("get", fetch(`${engine}/${bucket}/secret.txt`));
  await attempt("get-by-name", fetch(`http://${bucket}.s3.localhost:${port}/secret.txt`));
  await attempt("presigned-get", fetch(presigned.get));
  await attempt("presigned-put", fetch(presigned.put, { method: "PUT", body: "x", headers: { "Content-Type": "text/csv" } }));
  const fields = new FormData();
  for (const [name, value] of Object.entries(presigned.post.fields)) fields.append(name, value);
  fields.append("file", new Blob(["x"]), "x.csv");
  await attempt("presigned-post", fetch(presigned.post.url, { method: "POST", body: fields }));
  await attempt("api", fetch(called("api")));
  await attempt("api-post", fetch(called("api-post"), { method: "POST", body: "{}", headers: { "X-Mine": "1" } }));
  await attempt("api-by-name", fetch(`http://${api}.execute-api.localhost:${port}/dev/api-by-name`));
  await shown(element("img", { src: address("image") }));
  await shown(element("img", { src: called("image-api") }));
  await shown(element("script", { src: address("script") }));
  await shown(element("link", { rel: "stylesheet", href: address("style") }));
  await shown(element("iframe", { src: address("frame") }));
  await shown(element("iframe", { src: called("frame-api") }));
  await submitted("form", form("GET", "application/x-www-form-urlencoded"));
  await submitted("form-post", form("POST", "application/x-www-form-urlencoded"));
  await submitted("link", link);
  await new Promise((done) => {
    const socket = new WebSocket(`${engine.replace("http", "ws")}/_aws/execute-api/${socketApi}/dev?name=socket`);
    for (const event of ["open", "error"]) socket.addEventListener(event, done, { once: true });
  });
  return read;
}
