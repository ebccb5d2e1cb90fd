"""3. The dense layer: where do its three gradient formulas come from?  (blog, section 2.4)

The blog's module is built of five linear layers and two relus, and PyTorch differentiates them
unseen. Here the derivative of one layer is taken entry by entry, as one takes it on paper, then
collected into matrices; then comes relu with its kink, then a chain of the two. You need to know
how matrices multiply, and the chain rule; nothing else.

    python tutorials/03_dense_layer.py    (3 seconds; --pause waits for Enter after every step)

It draws dense_layer.png into the folder that --out names (runs/tutorials if it names none).
"""
# %%
import numpy as np

from numpyvae import numeric_gradient, plots
from numpyvae.layers import dense, dense_backward, relu, relu_backward
from numpyvae.narrator import begin, check, check_less, end, figure, say, show, step, table

begin(__doc__)
rng = np.random.default_rng(3)
N, I, O = 3, 4, 2                    # all different, so that no two axes can be confused

# %%
step("What the layer does", """
    y = x W + b
    y_no = Σ_i x_ni W_io + b_o
""")
say("""
A batch of N = 3 examples, one a row, of I = 4 inputs each, goes through a layer with O = 2 outputs.
Every output is a weighted sum of all inputs of its own row, plus a bias that all rows share.
(PyTorch stores the transpose of W; that is the whole difference to nn.Linear.)
""")
x = rng.standard_normal((N, I))
W = rng.standard_normal((I, O))
b = rng.standard_normal(O)
y = x @ W + b
show(x=x, W=W, b=b, y=y)
by_sums = [[sum(x[n, i] * W[i, o] for i in range(I)) + b[o] for o in range(O)] for n in range(N)]
check("the matrix product is those sums", y, np.array(by_sums), rtol=1e-15)
check("and the layer of the package computes it", dense(x, W, b), y)

# %%
step("A gradient needs one number to descend", "dT means ∂ loss / ∂ T, and has the shape of T")
say("""
"The derivative of y" would be six numbers, each by eight weights. But a network is trained on one
number, the loss. So whatever comes after our layer hands back a matrix dy: by how much the loss
changes for each entry of y. Our layer's only duty is to turn dy into dx, dW and db.

To have some loss, we take a sum of the entries of y, each with a fixed weight. Its dy is then just
those weights, and any other loss looks the same as long as one moves only a little.
""")
dy = rng.standard_normal((N, O))


def loss(x, W, b):
    """Some number that depends on every entry of y."""
    return np.sum((x @ W + b) * dy)


show("dy", dy)
slope = numeric_gradient(lambda y: np.sum(y * dy), y, "complex")
check("∂ loss / ∂ y is dy, one entry after the other", slope, dy, rtol=1e-15)

# %%
step("One entry of dW, on paper", """
    y_no        = … + x_ni W_io + …     # the loss depends on W_io only through column o of y
    ∂y_no/∂W_io = x_ni
    dW_io       = Σ_n ∂loss/∂y_no ∂y_no/∂W_io = Σ_n dy_no x_ni
""")
say("""
The weight from input 2 to output 1 touches y in every row, and only in column 1: so the chain rule
has one term for each of the three examples, and they add up. That sum over n is the only place
where a batch differs from a single example.
""")
i, o = 2, 1
terms = [x[n, i] * dy[n, o] for n in range(N)]
table(["example n", "x[n, 2]", "dy[n, 1]", "product"],
      [[n, x[n, i], dy[n, o], terms[n]] for n in range(N)])
h = 1e-6
above, below = W.copy(), W.copy()
above[i, o] += h
below[i, o] -= h
slope = (loss(x, above, b) - loss(x, below, b)) / (2 * h)
show("their sum, dW[2, 1]", sum(terms), digits=8)
show("(loss(W[2, 1] + h) - loss(W[2, 1] - h)) / 2h", slope, digits=8)
check("moving that weight a little changes the loss by as much", sum(terms), slope, rtol=1e-8)

# %%
step("All entries at once", """
    dW_io = Σ_n x_ni dy_no      dW = xᵀ dy                    # a matrix product, x turned over
    db_o  = Σ_n dy_no           db = the column sums of dy    # since ∂y_no/∂b_o = 1
    dx_ni = Σ_o dy_no W_io      dx = dy Wᵀ                    # by the same argument for x_ni
""")
say("""
A sum over the index that two factors share is a matrix product; the index that is summed over has
to stand in the middle, and the transposes are there to bring it there. For W that index is the
example, n; for x it is the output, o. Nobody needs to learn these by heart: of all products of two
of x, dy and W only these have the right shapes (as long as N, I and O differ, as they do here on
purpose).
""")
dW = x.T @ dy
db = dy.sum(axis=0)
dx = dy @ W.T
show("dW = xᵀ dy", dW)
show("db", db)
show("dx = dy Wᵀ", dx)
check("the entry from paper stands in dW", dW[i, o], sum(terms), rtol=1e-14)
slopes = {"dW": numeric_gradient(lambda W: loss(x, W, b), W, "complex"),
          "db": numeric_gradient(lambda b: loss(x, W, b), b, "complex"),
          "dx": numeric_gradient(lambda x: loss(x, W, b), x, "complex")}
for name, found in (("dW", dW), ("db", db), ("dx", dx)):
    check(f"{name} is the slope of the loss in every entry, by the complex step",
          found, slopes[name], rtol=1e-14)
theirs = dense_backward(dy, x, W)
for name, found, returned in zip(("dx", "dW", "db"), (dx, dW, db), theirs):
    check(f"{name} is what the package's dense_backward returns", returned, found)

# %%
step("How the numeric slopes are taken", "f′(t) ≈ (Im f(t + i h)) / h,     h = 1e-30")
say("""
The check above moved each entry not up and down but sideways, into the imaginary direction. The
Taylor series of f says f(t + i h) = f(t) + i h f′(t) - ½ h² f″(t) - …, whose imaginary part is h
f′(t), up to h³. Nothing is subtracted, so no digits cancel, and h may be as small as one likes.
(Lesson 8 compares this with differences.)
""")
t = 0.7
exact = np.cos(t) * np.exp(np.sin(t))
central = (np.exp(np.sin(t + 1e-6)) - np.exp(np.sin(t - 1e-6))) / 2e-6
sideways = np.exp(np.sin(t + 1e-30j)).imag / 1e-30
table(["f = exp(sin t) at 0.7", "slope", "relative error"],
      [["on paper", f"{exact:.15f}", ""],
       ["central difference", f"{central:.15f}", f"{abs(central / exact - 1):.0e}"],
       ["complex step", f"{sideways:.15f}", f"{abs(sideways / exact - 1):.0e}"]])
check("the complex step is exact to the last digits", sideways, exact, rtol=1e-15)
check_less("the difference is not", abs(sideways - exact), abs(central - exact))

# %%
step("relu, and its kink", """
    h  = max(a, 0)
    da = dh where a > 0, and 0 where a < 0
""")
say("""
Without something bent between them, two linear layers would be one. relu is bent at one point and
costs one comparison. It has no weights; an entry of h depends on the same entry of a alone. An open
unit (a > 0) hands the gradient on as it is; a shut one stops it, since a little change of a leaves
h at 0.

At a = 0 itself there is no derivative: the slope is 0 to the left and 1 to the right. Any number
between them would do; the package, like PyTorch, takes 0. A central difference straddles the kink
and finds ½. That is no mistake of the gradient, and a good check says "kink" instead of "wrong".
""")
a = np.array([[-1.5, -0.2, 0.0, 0.3, 2.0]])
h = relu(a)
da = relu_backward(np.ones_like(a), a)
show(a=a, h=h)
show("da for dh = 1", da)
away = a != 0
central = numeric_gradient(lambda a: np.sum(np.maximum(a, 0)), a)
show("central difference", central)
check("away from the kink, da is the slope", da[away], central[away], rtol=1e-9)
check("on the kink the package says 0", da[~away], 0.0)
check("and a central difference says ½", central[~away], 0.5, rtol=1e-9)

# %%
step("Two in a chain: the order turns round", """
    forward     a = x W + b     h = max(a, 0)         loss = Σ h dh
    backward    dx, dW, db      ← da = dh [a > 0]     ← dh
""")
say("""
Each line backward needs what came out of the line after it, and those of its own forward's
arguments that its derivative depends on: for relu, a; for the dense layer, x and W. This is all
there is to backpropagation: the same lines from the last to the first. The whole VAE in
numpyvae/vae.py is ten of these, one beneath the other.
""")
dh = rng.standard_normal((N, O))
a = dense(x, W, b)
h = relu(a)
da = relu_backward(dh, a)
dx, dW, db = dense_backward(da, x, W)
show(a=a, h=h, dh=dh, da=da, dW=dW)


def chain(x, W):
    """The loss of the two lines forward."""
    return np.sum(np.maximum(x @ W + b, 0) * dh)


shut = (a <= 0).sum()
check_less("some units are shut, and some open: the test is not vacuous", 0,
           np.array([shut, a.size - shut]))
check("a shut unit passes nothing on", da[a <= 0], 0.0)
check("dW of the chain, by the complex step", dW,
      numeric_gradient(lambda W: chain(x, W), W, "complex"), rtol=1e-14)
check("dx of the chain, by the complex step", dx,
      numeric_gradient(lambda x: chain(x, W), x, "complex"), rtol=1e-14)

# %%
step("The picture: a slope, and a step along it", "loss(W - lr dW)  ≈  loss(W) - lr Σ dW²")
say("""
What is the gradient good for? Of all directions that are equally long, a small enough step against
it lowers the loss most. To the left, the loss of the chain along minus dW and along twenty random
directions of the same length; the dashed line is what the formula above promises. To the right,
relu and its slope.
""")
directions = rng.standard_normal((20, *W.shape))
directions *= np.linalg.norm(dW) / np.linalg.norm(directions, axis=(1, 2), keepdims=True)
lr = np.linspace(0, 0.3, 61)


def along(u):
    """The loss at W + lr u, for every lr."""
    return np.array([chain(x, W + r * u) for r in lr])


downhill = along(-dW)
promised = downhill[0] - lr * np.sum(dW * dW)
others = [along(u) for u in directions]
first = slice(1, 6)
check("the first steps go down as fast as promised", downhill[first], promised[first], rtol=1e-12)
check_less("no random direction goes down as fast", downhill[first], np.array(others)[:, first])
figure(plots.steepest(lr, downhill, promised, others), "dense_layer",
       seen="Left, the loss along twenty random directions and along minus the gradient, which "
            "falls fastest of all, just as the dashed straight line promises, until relu bends it "
            "far out. Right, relu, its slope of 0 and then 1, and the central difference of one "
            "half at the kink.")

# %%
end()
