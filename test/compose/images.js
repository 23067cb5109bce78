import { copyFile, cp, mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { findProgram, installed } from '../services/packages.js'
import { run, works } from './program.js'

/** What the base images of deploy/Dockerfile and docker-compose.yml are on a machine that can pull none. */
const STAND_INS = { node: nodeStandIn, nginx: nginxStandIn }

/**
 * Makes sure that the images are there that ours are made of: pulled, or else made of this machine's own Node and Debian's
 * nginx, so that the Dockerfile and the compose file themselves can be tried without a registry of images.
 * @param {string[]} images @param {string} base an image with a Debian that is there @param {string} folder for work
 */
export async function provideImages(images, base, folder) {
  for (const image of images) {
    if (await works(['docker', 'image', 'inspect', image])) continue
    if (await works(['docker', 'pull', '-q', image])) continue
    const name = image.split(':')[0] ?? image
    const standIn = STAND_INS[name]
    if (!standIn) throw new Error(`The image ${image} can't be pulled, and there is nothing to make it of.`)
    console.log(`${image} can't be pulled: made of what this machine has`)
    const context = path.join(folder, name)
    await mkdir(context, { recursive: true })
    const dockerfile = await standIn(base, context)
    await writeFile(path.join(context, 'Dockerfile'), dockerfile)
    await run(['docker', 'build', '-q', '-t', image, context], { env: { DOCKER_BUILDKIT: '0' } })
  }
}

/** Node and npm as they are here, with the certificates that this machine trusts: a build has to reach npm's registry. */
async function nodeStandIn(base, context) {
  await copyFile(process.execPath, path.join(context, 'node'))
  const npm = path.dirname(path.dirname(await realpath(findProgram(['npm']) ?? 'npm')))
  await cp(npm, path.join(context, 'npm'), { recursive: true })
  const trusted = process.env.NODE_EXTRA_CA_CERTS ?? '/etc/ssl/certs/ca-certificates.crt'
  await writeFile(path.join(context, 'trusted.crt'), await readFile(trusted).catch(() => ''))
  return `FROM ${base}
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
COPY trusted.crt /usr/local/share/trusted.crt
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \\
 && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx && useradd --uid 1000 --create-home node
ENV NODE_EXTRA_CA_CERTS=/usr/local/share/trusted.crt
ENTRYPOINT []
CMD ["node"]
`
}

/** Debian's nginx, with the configuration that the official image has around conf.d. */
async function nginxStandIn(base, context) {
  const program = findProgram(['nginx']) ?? (installed('nginx-light') ? findProgram(['nginx']) : undefined)
  if (!program) throw new Error('nginx can neither be pulled nor is it on this machine.')
  await copyFile(program, path.join(context, 'nginx'))
  await copyFile('/etc/nginx/mime.types', path.join(context, 'mime.types'))
  await writeFile(
    path.join(context, 'nginx.conf'),
    `user nobody nogroup;
pid /run/nginx.pid;
error_log stderr notice;
events { worker_connections 1024; }
http { include /etc/nginx/mime.types; access_log off; include /etc/nginx/conf.d/*.conf; }
`,
  )
  return `FROM ${base}
COPY nginx /usr/sbin/nginx
COPY nginx.conf mime.types /etc/nginx/
RUN mkdir -p /var/log/nginx /var/lib/nginx/body /etc/nginx/conf.d
STOPSIGNAL SIGQUIT
ENTRYPOINT []
CMD ["nginx", "-g", "daemon off;"]
`
}
