# Python at work: threads, a pool, child processes on pipes, a half-read decompressor, a half-fed digest, a generator.
import concurrent.futures, hashlib, os, queue, random, signal, subprocess, sys, tempfile, threading, time, zlib

log = open("log", "a")
log.write("begin\n")
log.flush()
rng = random.Random(7)
digest = hashlib.sha256()
packed = zlib.compress(bytes(rng.randrange(64) for _ in range(100000)))
inflate = zlib.decompressobj()
sort = subprocess.Popen(["sort", "-n"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
kept = tempfile.NamedTemporaryFile("w+", dir=".", delete=False)


def feed(part):
    for _ in range(2000):
        sort.stdin.write("%d\n" % rng.randrange(10**6))
    sort.stdin.flush()
    half = packed[: len(packed) // 2] if part == 0 else packed[len(packed) // 2 :]
    digest.update(inflate.decompress(half))
    kept.write("part %d\n" % part)
    kept.flush()


def primes():
    found = []
    n = 2
    while True:
        if all(n % p for p in found):
            found.append(n)
            yield n
        n += 1


go = threading.Event()
got = queue.Queue()


def work(n):
    first = sum(range(n * 1000))
    got.put(n)
    go.wait()
    with subprocess.Popen(["sh", "-c", "echo $((%d * 2))" % n], stdout=subprocess.PIPE, text=True) as p:
        return n, first, p.stdout.read().strip()


spinning = True


def spin():
    n = 0
    while spinning:
        n = (n + 1) % 1000


gen = primes()
head = [next(gen) for _ in range(300)]
feed(0)
spinner = threading.Thread(target=spin)
spinner.start()
usr = threading.Event()
signal.signal(signal.SIGUSR1, lambda *_: usr.set())
os.kill(os.getpid(), signal.SIGUSR1)
with concurrent.futures.ThreadPoolExecutor(6) as pool:
    jobs = [pool.submit(work, n) for n in range(6)]
    started = sorted(got.get() for _ in jobs)
    open("mid", "w").close()
    while not os.path.exists("go"):
        time.sleep(0.02)
    go.set()
    for job in jobs:
        print(job.result())
spinning = False
spinner.join()
feed(1)
digest.update(inflate.flush())
out, _ = sort.communicate()
print(started, usr.is_set(), head[-1], next(gen), digest.hexdigest(), inflate.eof)
print(len(out), hashlib.sha256(out.encode()).hexdigest(), sort.returncode)
kept.seek(0)
print(kept.read())
os.unlink(kept.name)
log.write("end\n")
