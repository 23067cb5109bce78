import type { Express } from 'express'
import type { RouteName } from '@shared/contracts/clientApi'
import type { Route } from '@shared/contracts/route'
import type { Door } from '@shared/intake/door'
import { type Handlers, serveRoute } from './serveRoute.ts'

/** Routes of a service by Express. */
export function mountRoutes<Names extends RouteName>(
  app: Express,
  routes: { [Name in Names]: Route },
  handlers: Handlers<Names>,
  door: Door,
): void {
  for (const name of Object.keys(handlers) as Names[]) {
    const route = routes[name]
    const serve = serveRoute(route, handlers[name], door)
    app[route.method](route.path.replaceAll(/\{(\w+)\}/g, ':$1'), (request, response) => {
      const { params, query, body } = request as { params: object; query: object; body: unknown }
      return serve(request, response, { params, query, body })
    })
  }
}
