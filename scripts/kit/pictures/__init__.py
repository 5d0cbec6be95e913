"""Pictures of the labs, drawn from what is deployed: stack -> graph -> layout -> SVG and PNG.

`graph` reads the Terraform of a stack, `machine` the definition of a workflow; `layout` places things with Graphviz,
`svg` draws them. The graph of a lab is kept beside its picture: `watch.py` and `console.py` follow it.
"""
