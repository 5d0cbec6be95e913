"""The project's calculator alone, with the options' defaults: what the peers' programs are compared with."""

from cdktf import App

from stacks.calculator import CalculatorStack
from stacks.settings import read

settings = read({CalculatorStack.lab: CalculatorStack.Options}, {}, endpoint=None)
app = App()
CalculatorStack(app, settings)
app.synth()
