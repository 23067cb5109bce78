import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net'
import { type TcpProxy, startTcpProxy } from '../cluster/tcpProxy.ts'

let service: Server
let proxy: TcpProxy
const sockets: Socket[] = []

/** A service that gives back what it gets. */
beforeEach(async () => {
  service = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
  // It listens on a TCP port.
  proxy = await startTcpProxy({ host: '127.0.0.1', port: (service.address() as AddressInfo).port })
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await proxy.close()
  service.close()
})

async function open(): Promise<Socket> {
  const socket = connect(proxy.port, '127.0.0.1')
  sockets.push(socket)
  socket.setEncoding('utf8').on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

async function echo(socket: Socket, text: string): Promise<string> {
  socket.write(text)
  const [back] = (await once(socket, 'data')) as [string]
  return back
}

/** Resolves with what came before it was closed. */
async function closed(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (more: string) => (text += more))
  await new Promise((resolve) => socket.once('close', resolve))
  return text
}

test('passes on both ways', async () => {
  const socket = await open()
  expect(await echo(socket, 'hello')).toBe('hello')
  expect(proxy.connections()).toBe(1)
})

test('resets what is open and serves what comes', async () => {
  const socket = await open()
  await echo(socket, 'hello')
  const end = closed(socket)
  expect(proxy.reset()).toBe(1)
  await end
  expect(await echo(await open(), 'again')).toBe('again')
})

test('refuses until it is healed', async () => {
  proxy.refuse()
  const refused = connect(proxy.port, '127.0.0.1').on('error', () => undefined)
  expect(await closed(refused)).toBe('')
  proxy.heal()
  expect(await echo(await open(), 'again')).toBe('again')
})

test('a black hole swallows; healed, its connections end', async () => {
  const [quiet, idle] = [await open(), await open()]
  await Promise.all([echo(quiet, 'one'), echo(idle, 'one')])
  proxy.blackHole()
  const end = closed(quiet)
  await new Promise((resolve) => quiet.write('lost', resolve))
  // What was written before another connection was made has come to the proxy by then.
  await open()
  proxy.heal()
  expect(await end).toBe('')
  expect(await echo(idle, 'whole')).toBe('whole')
})

test('stalled it takes nothing, and healed it passes on all of it', async () => {
  const socket = await open()
  await echo(socket, 'hello')
  proxy.stall()
  let back = 0
  socket.on('data', (more: string) => (back += more.length))
  const all = 'x'.repeat(32 * 1_024 * 1_024)
  socket.write(all)
  // Connections are made meanwhile, in which nothing comes back either.
  const later = await open()
  const answer = echo(later, 'later')
  await open()
  expect({ back, waits: socket.writableLength > 0 }).toEqual({ back: 0, waits: true })
  proxy.heal()
  expect(await answer).toBe('later')
  while (back < all.length) await once(socket, 'data')
  expect(back).toBe(all.length)
})

test('cuts a connection after so many bytes of the answer', async () => {
  const socket = await open()
  await echo(socket, 'hello')
  proxy.cutAfter(4)
  const end = closed(socket)
  socket.write('abcdefgh')
  expect(await end).toBe('abcd')
})

test('delays, in order', async () => {
  const socket = await open()
  proxy.delay(20)
  const since = performance.now()
  expect(await echo(socket, 'late')).toBe('late')
  expect(performance.now() - since).toBeGreaterThan(35)
})

test('what was held back is not overtaken when the delay ends, nor by the end of the connection', async () => {
  const socket = await open()
  const end = closed(socket)
  proxy.delay(150)
  socket.write('first ')
  await new Promise((resolve) => setTimeout(resolve, 50))
  proxy.heal()
  socket.end('second')
  expect(await end).toBe('first second')
})
