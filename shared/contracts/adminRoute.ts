import type { Route } from './route.ts'

/** A route of the Admin API. Who may call it stands in adminAccess.ts, for all of them in one table. */
export type AdminRoute = Omit<Route, 'callers' | 'idempotent'>
