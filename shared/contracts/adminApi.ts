import { adminAgentRoutes } from './adminAgentRoutes.ts'
import { adminDiscussionRoutes } from './adminDiscussionRoutes.ts'
import { adminPeopleRoutes } from './adminPeopleRoutes.ts'
import { adminSessionRoutes } from './adminSessionRoutes.ts'

/** Every route of the Admin API. OpenAPI, validation and the handlers' table come from here. */
export const adminRoutes = {
  ...adminPeopleRoutes,
  ...adminSessionRoutes,
  ...adminAgentRoutes,
  ...adminDiscussionRoutes,
} as const

export type AdminRouteName = keyof typeof adminRoutes
