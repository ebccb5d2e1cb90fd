"""How fast are a training step, ten epochs of MNIST, and log p(x) of its test images?

    python tests/benchmark.py [steps] [relatives] [mnist] [likelihood]  (default: steps and mnist)

steps: 784-400-20, batch 128, float32, Adam, as processor time of one thread. The contenders are
processes of their own that take turns of a few steps, round after round; each round gives a ratio
to the bare matrix products of that round, and the median of the ratios is printed. The wall time
stands below it. PyTorch and JAX take part if they are installed.
relatives: the same without Adam, for the conditional VAE and the IWAE of K = 5 beside the VAE.
mnist: ten epochs with their evaluation; likelihood: 500 importance samples for each of the 10,000
test images. Each is a process of its own, whose peak memory is printed; MNIST is looked for where
`numpyvae train` looks for it.
This is not a test: machines are too noisy for one.
"""
import argparse
import importlib.util
import os
import platform
import statistics
import subprocess
import sys
import time
from functools import partial

import numpy as np

N, D, H, Z, STEPS = 128, 784, 400, 20, 20
LAYERS = {"1": (D, H), "_mu": (H, Z), "_logvar": (H, Z), "3": (Z, H), "4": (H, D)}


# ---------------------------------------------------------------------- the contenders

# Each function returns a step(): forward, backward, update.


def bare(K=1):
    """The fourteen matrix products of a step and nothing else, into arrays that are there already.

    K: how many rows of the decoder there are for each example
    """
    rng = np.random.default_rng(0)

    def products(rows, fan_in, fan_out, need_dx):
        x, W, dy = (rng.standard_normal(shape).astype(np.float32)
                    for shape in ((rows, fan_in), (fan_in, fan_out), (rows, fan_out)))
        y, dW, dx = np.empty_like(dy), np.empty_like(W), np.empty_like(x)
        return [(x, W, y), (x.T, dy, dW)] + [(dy, W.T, dx)] * need_dx
    todo = [product for suffix, sizes in LAYERS.items()
            for product in products(N * K if suffix in "34" else N, *sizes, suffix != "1")]
    assert len(todo) == 14

    def step():
        for a, b, out in todo:
            np.matmul(a, b, out=out)
    return step


def relative(name, **options):
    """The loss and the gradient of one of this package's models, without an optimiser."""
    import numpyvae
    from numpyvae.training import keep_freed_memory
    keep_freed_memory()                                          # as training does
    rng = np.random.default_rng(0)
    model = getattr(numpyvae, name)(D, H, Z, dtype=np.float32, **options)
    x, y = rng.random((N, D), np.float32), rng.integers(0, 10, N)
    grads = {name: np.empty_like(param) for name, param in model.params.items()}

    def step():
        model.sample_loss_and_grads(x, rng, out=grads, y=y)
    return step


def numpyvae():
    """This package, through the functions that its training loop calls."""
    from numpyvae import VAE, Adam
    rng = np.random.default_rng(0)
    vae = VAE(D, H, Z, dtype=np.float32)
    adam, x = Adam(vae.params), rng.random((N, D), np.float32)
    grads = {name: np.empty_like(param) for name, param in vae.params.items()}

    def step():
        eps = rng.standard_normal((N, Z))
        vae.loss_and_grads(x, eps, out=grads)
        adam.step(grads)
    return step


def fused_pytorch():
    """The blog's module in eager PyTorch, with an optimiser that is one kernel."""
    return pytorch(fused=True)


def pytorch(**how):
    """The blog's module in eager PyTorch."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    class Blog(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1, self.fc21, self.fc22 = nn.Linear(D, H), nn.Linear(H, Z), nn.Linear(H, Z)
            self.fc3, self.fc4 = nn.Linear(Z, H), nn.Linear(H, D)

        def forward(self, x):
            h1 = F.relu(self.fc1(x))
            mu, logvar = self.fc21(h1), self.fc22(h1)
            z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
            return self.fc4(F.relu(self.fc3(z))), mu, logvar

    torch.set_num_threads(1)
    vae, x = Blog(), torch.rand(N, D)
    adam = torch.optim.Adam(vae.parameters(), lr=1e-3, **how)

    def step():
        adam.zero_grad()
        logits, mu, logvar = vae(x)
        recon = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        ((recon + kl) / N).backward()
        adam.step()
    return step


def jax():
    """The same step in JAX, compiled whole, its arrays reused."""
    import jax
    from jax import numpy as jnp

    def loss(params, x, eps):
        h1 = jax.nn.relu(x @ params["W1"] + params["b1"])
        mu, logvar = (h1 @ params["W" + name] + params["b" + name] for name in ("_mu", "_logvar"))
        z = mu + jnp.exp(0.5 * logvar) * eps
        logits = jax.nn.relu(z @ params["W3"] + params["b3"]) @ params["W4"] + params["b4"]
        recon = jax.nn.softplus(logits) - x * logits
        kl = 0.5 * (mu ** 2 + jnp.expm1(logvar) - logvar)
        return (recon.sum() + kl.sum()) / N

    def update(state, x):
        params, m, v, t, key = state
        key, draw = jax.random.split(key)
        grads = jax.grad(loss)(params, x, jax.random.normal(draw, (N, Z)))
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
        m_hat = jax.tree.map(lambda m: m / (1 - 0.9 ** t), m)
        v_hat = jax.tree.map(lambda v: v / (1 - 0.999 ** t), v)
        params = jax.tree.map(lambda p, m, v: p - 1e-3 * m / (jnp.sqrt(v) + 1e-8),
                              params, m_hat, v_hat)
        return params, m, v, t, key

    rng = np.random.default_rng(0)
    params = {}
    for suffix, (fan_in, fan_out) in LAYERS.items():
        W = rng.uniform(-1, 1, (fan_in, fan_out)) / fan_in ** 0.5
        params["W" + suffix] = jnp.asarray(W, jnp.float32)
        params["b" + suffix] = jnp.zeros(fan_out, jnp.float32)
    x = jnp.asarray(rng.random((N, D)), jnp.float32)
    zeros = [jax.tree.map(jnp.zeros_like, params) for _ in range(2)]
    state = [(params, *zeros, 0, jax.random.key(0))]
    compiled = jax.jit(update, donate_argnums=0)

    def step():
        state[0] = jax.block_until_ready(compiled(state[0], x))
    return step


CONTENDERS = {"bare products": bare, "numpyvae": numpyvae, "PyTorch, default Adam": pytorch,
              "PyTorch, fused Adam": fused_pytorch, "JAX, jit": jax}
RELATIVES = {"bare products": bare, "bare products, K = 5": partial(bare, K=5),
             "VAE": partial(relative, "VAE"),
             "conditional VAE": partial(relative, "ConditionalVAE"),
             "IWAE, K = 5": partial(relative, "IWAE", num_samples=5)}
NEEDED = {"PyTorch, default Adam": "torch", "PyTorch, fused Adam": "torch", "JAX, jit": "jax"}

# One thread for every contender: what it costs is processor time, not how many cores are idle.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
              "VECLIB_MAXIMUM_THREADS": "1",
              "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"}


# ---------------------------------------------------------------------- taking turns

def work(name):
    """A contender's process: for every line that comes in, do STEPS steps, and answer with the
    processor time and the wall time of one, in seconds.
    """
    step = {**CONTENDERS, **RELATIVES}[name]()
    for _ in sys.stdin:
        step()                                                   # the caches are its own again
        processor, wall = time.process_time(), time.perf_counter()
        for _ in range(STEPS):
            step()
        processor, wall = time.process_time() - processor, time.perf_counter() - wall
        print(processor / STEPS, wall / STEPS, flush=True)


def take_turns(contenders, rounds):
    """The processor time and the wall time of a step of every contender, in every round."""
    names = [name for name in contenders
             if name not in NEEDED or importlib.util.find_spec(NEEDED[name])]
    workers = {name: start_worker(name) for name in names}
    for name in names:                                           # imports, compilation
        take_turn(workers[name])
    processor = {name: [] for name in names}
    wall      = {name: [] for name in names}
    for i in range(rounds):
        for name in names[i % len(names):] + names[:i % len(names)]:
            times = take_turn(workers[name])
            processor[name].append(times[0])
            wall[name].append(times[1])
    for worker in workers.values():
        worker.communicate()
    return processor, wall


def measure_steps(rounds):
    """Print what one step of every contender takes, and the medians of the ratios."""
    processor, wall = take_turns(CONTENDERS, rounds)
    print(f"One step of 784-400-20, batch 128, float32, one thread: medians of {rounds} rounds of "
          f"{STEPS} steps, taking turns")
    report("processor time", processor)
    report("wall time, which depends on what else the machine does", wall)


def measure_relatives(rounds):
    """Print what loss and gradient cost the VAE's relatives, beside the VAE's own."""
    times, _ = take_turns(RELATIVES, rounds)
    print(f"Loss and gradient of 784-400-20, batch 128, float32: processor time of one thread, "
          f"medians of {rounds} rounds")
    for name in times:
        print(f"{name:<24}{1000 * statistics.median(times[name]):6.2f} ms")
    for name, other in (("conditional VAE", "VAE"), ("IWAE, K = 5", "VAE"),
                        ("bare products, K = 5", "bare products")):
        print(f"{name} to {other}: {ratio(times, name, other)}", flush=True)


def start_worker(name):
    """A process of a contender's own, waiting for its first turn."""
    return subprocess.Popen([sys.executable, __file__, "--work", name], text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            env={**os.environ, **ONE_THREAD})


def take_turn(worker):
    """Let a contender do its steps  ->  the processor time and the wall time of one."""
    worker.stdin.write("go\n")
    worker.stdin.flush()
    return tuple(map(float, worker.stdout.readline().split()))


def report(title, times):
    """Print a row for each contender: milliseconds, and the ratios round by round."""
    print(f"\n{title:<24}{'ms':>6}  {'to bare products':>18}  {'numpyvae to it':>18}")
    for name in times:
        milliseconds = 1000 * statistics.median(times[name])
        print(f"{name:<24}{milliseconds:6.2f}  {ratio(times, name, 'bare products'):>18}  "
              f"{ratio(times, 'numpyvae', name):>18}", flush=True)


def ratio(times, name, other):
    """The median of the ratios of all rounds, in brackets their middle half."""
    ratios = sorted(a / b for a, b in zip(times[name], times[other]))
    quarter = len(ratios) // 4
    return f"{statistics.median(ratios):.2f} ({ratios[quarter]:.2f}-{ratios[-1 - quarter]:.2f})"


# ---------------------------------------------------------------------- whole tasks

def mnist():
    """Ten epochs with the evaluation after each."""
    from numpyvae import datasets
    from numpyvae.training import Run
    dataset = datasets.load("mnist")
    run = Run(dataset.x_train, dataset.x_test, seed=1)
    times = [time.perf_counter()]
    run.train(on_epoch=lambda: times.append(time.perf_counter()))
    print(f"MNIST, 784-400-20, 10 epochs with evaluation: {times[-1] - times[0]:.0f} s, an epoch "
          f"{np.median(np.diff(times)):.1f} s (median); test -ELBO {run.history[6, 3]:.2f} after "
          f"7, {run.history[9, 3]:.2f} after 10; {_peak()}")


def likelihood():
    """log p(x) of the test images, of a network with one epoch of training."""
    from numpyvae import datasets
    from numpyvae.evaluate import log_likelihood
    from numpyvae.training import Run
    dataset = datasets.load("mnist")
    run = Run(dataset.x_train, dataset.x_test, epochs=1, seed=1)
    run.train()
    start = time.perf_counter()
    log_px = log_likelihood(run.model, dataset.x_test, 500, rng=1)
    print(f"log p(x) of {len(log_px)} test images, 500 samples each: "
          f"{time.perf_counter() - start:.0f} s; mean {log_px.mean():.2f} nats after one epoch; "
          f"{_peak()}")


def _peak():
    try:
        import resource
    except ImportError:                                          # Windows
        return "peak memory not measured"
    unit = 1 if sys.platform == "darwin" else 1024
    return f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6:.0f} MB"


def main():
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", default=["steps", "mnist"], metavar="steps | "
                        "relatives | mnist | likelihood")
    parser.add_argument("--rounds", type=int, default=40, help="of turns (default 40)")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    args = parser.parse_args()
    tasks = {"mnist": mnist, "likelihood": likelihood}
    if args.work:
        return work(args.work)
    if args.alone:
        return tasks[args.alone]()
    if unknown := set(args.parts) - {"steps", "relatives", *tasks}:
        parser.error(f"expected steps, relatives, mnist or likelihood, got {', '.join(unknown)}")
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "as many as cores")
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}, "
          f"{os.cpu_count()} cores, OPENBLAS_NUM_THREADS: {threads}", flush=True)
    for part in args.parts:
        if part == "steps":
            measure_steps(args.rounds)
        elif part == "relatives":
            measure_relatives(args.rounds)
        else:
            subprocess.run([sys.executable, __file__, "--alone", part], check=True)


if __name__ == "__main__":
    main()
