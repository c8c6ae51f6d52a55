# asyncio at work: its loop has an epoll and a socket pair, and children on pipes.
import asyncio, os

started = []


async def child(n):
    p = await asyncio.create_subprocess_exec("cat", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    p.stdin.write(b"first %d\n" % n)
    await p.stdin.drain()
    line = await p.stdout.readline()
    started.append(n)
    await gate.wait()
    rest, _ = await p.communicate(b"second %d\n" % n)
    return line.decode() + rest.decode()


async def main():
    global gate
    gate = asyncio.Event()
    jobs = [asyncio.create_task(child(n)) for n in range(4)]
    while len(started) < 4:
        await asyncio.sleep(0.02)
    open("mid", "w").close()
    while not os.path.exists("go"):
        await asyncio.sleep(0.02)
    gate.set()
    for text in await asyncio.gather(*jobs):
        print(text, end="")


asyncio.run(main())
print("end")
