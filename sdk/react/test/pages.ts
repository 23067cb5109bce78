import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { type BuildOptions, build } from 'esbuild'

const FOLDER = path.join(import.meta.dirname, '..')
const REACTS = {
  19: path.join(FOLDER, '..', '..', 'node_modules'),
  18: path.join(FOLDER, '..', 'react-18', 'node_modules'),
}

export type ReactVersion = keyof typeof REACTS

/** One file with a page's code and all it needs, with this React. */
export async function bundlePage(react: ReactVersion, page: Pick<BuildOptions, 'entryPoints' | 'stdin'>) {
  const folder = REACTS[react]
  const { outputFiles } = await build({
    ...page,
    bundle: true,
    write: false,
    absWorkingDir: FOLDER,
    conditions: ['agentview-source'],
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"development"' },
    alias: { react: path.join(folder, 'react'), 'react-dom': path.join(folder, 'react-dom') },
    logLevel: 'silent',
  })
  return outputFiles[0]!.text
}

export interface PageServer {
  url: string
  close(): Promise<void>
}

/** A web server of somebody who uses AgentView: an origin of its own, with a page for each of these scripts. */
export async function servePages(scripts: Record<string, string>): Promise<PageServer> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://any')
    const script = scripts[pathname.replace(/^\/|\.js$/g, '')]
    const isScript = pathname.endsWith('.js')
    if (script === undefined) return void response.writeHead(404).end()
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8')
    response.end(
      isScript
        ? script
        : `<!doctype html><link rel="icon" href="data:," /><div id="root"></div><script src="${pathname}.js"></script>`,
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
