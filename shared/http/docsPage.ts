import { createRequire } from 'node:module'
import path from 'node:path'
import type { Express } from 'express'

const FOLDER = path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
const ASSETS = ['swagger-ui.css', 'swagger-ui-bundle.js']

/** Nothing from elsewhere, no script but the two below; Swagger UI sets styles on its elements. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export interface DocsPage {
  /** Where the page is, e.g. `/docs`. */
  at: string
  title: string
  /** Where its OpenAPI document is. */
  document: string
}

/** An OpenAPI document as a page to read and to try. All that it needs comes from here: it works on closed networks. */
export function mountDocsPage(app: Express, { at, title, document }: DocsPage): void {
  const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${title}</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="${at}/swagger-ui.css" />
  </head>
  <body>
    <div id="page"></div>
    <script src="${at}/swagger-ui-bundle.js"></script>
    <script src="${at}/start.js"></script>
  </body>
</html>
`
  const start = `SwaggerUIBundle({ url: '${document}', dom_id: '#page', deepLinking: true, validatorUrl: null })\n`
  app.get(at, (_request, response) => {
    response.set({
      'Content-Security-Policy': POLICY,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
    })
    response.type('html').send(page)
  })
  app.get(`${at}/start.js`, (_request, response) => void response.type('js').send(start))
  for (const name of ASSETS)
    app.get(`${at}/${name}`, (_request, response) => response.sendFile(name, { root: FOLDER, maxAge: '1h' }))
}
