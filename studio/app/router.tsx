import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { readSessionsView } from '../pages/sessions/sessionsView.ts'
import { readSessionPlace } from '../pages/session/sessionPlace.ts'
import { ErrorView } from '../ui/ErrorView.tsx'
import { NotFound } from './NotFound.tsx'
import { Shell } from './Shell.tsx'
import { parseSearch, stringifySearch } from './searchText.ts'

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound })

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/sessions', replace: true })
  },
})

export const sessionsRoute = createRoute({
  getParentRoute: () => root,
  path: '/sessions',
  validateSearch: readSessionsView,
  component: lazyRouteComponent(() => import('../pages/sessions/SessionsPage.tsx'), 'SessionsPage'),
})

export const sessionRoute = createRoute({
  getParentRoute: () => root,
  path: '/sessions/$sessionId',
  validateSearch: readSessionPlace,
  component: lazyRouteComponent(() => import('../pages/session/SessionPage.tsx'), 'SessionPage'),
})

const inbox = createRoute({
  getParentRoute: () => root,
  path: '/inbox',
  component: lazyRouteComponent(() => import('../pages/inbox/InboxPage.tsx'), 'InboxPage'),
})

const agents = createRoute({
  getParentRoute: () => root,
  path: '/agents',
  component: lazyRouteComponent(() => import('../pages/agents/AgentsPage.tsx'), 'AgentsPage'),
})

const agent = createRoute({
  getParentRoute: () => root,
  path: '/agents/$name',
  component: lazyRouteComponent(() => import('../pages/agents/AgentPage.tsx'), 'AgentPage'),
})

const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings/{-$section}',
  component: lazyRouteComponent(() => import('../pages/settings/SettingsPage.tsx'), 'SettingsPage'),
})

const customPage = createRoute({
  getParentRoute: () => root,
  path: '/pages/$',
  component: lazyRouteComponent(() => import('../pages/custom/CustomPage.tsx'), 'CustomPage'),
})

const routeTree = root.addChildren([home, sessionsRoute, sessionRoute, inbox, agents, agent, settings, customPage])

export function newRouter() {
  return createRouter({
    routeTree,
    basepath: '/studio',
    parseSearch,
    stringifySearch,
    defaultPreload: 'intent',
    scrollRestoration: true,
    defaultErrorComponent: ({ error, reset }) => <ErrorView error={error} what="This page broke" onRetry={reset} />,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof newRouter>
  }
}
