# A pool of processes with queues, locks and a shared value, which multiprocessing makes of unlinked POSIX semaphores.
import multiprocessing, os, time


def work(n):
    with lock:
        total.value += n
    while not os.path.exists("go"):
        time.sleep(0.02)
    with lock:
        total.value += n
    return n * n


def start(l, t):
    global lock, total
    lock, total = l, t


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    lock, total = multiprocessing.Lock(), multiprocessing.Value("i", 0)
    with multiprocessing.Pool(3, start, (lock, total)) as pool:
        result = pool.map_async(work, range(1, 4), chunksize=1)
        while total.value != 6:
            time.sleep(0.02)
        open("mid", "w").close()
        print(result.get(), total.value)
    print("end")
