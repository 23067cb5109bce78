import type { OrganizationSettings } from '@shared/store/organizations'

const LOCAL = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/

/** Whether pages of an origin may call; pages that come from the very host that is called always may. */
export function mayCallFrom(settings: OrganizationSettings, origin: string, host: string | undefined): boolean {
  if (host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)) return true
  if (settings.allowedOrigins.includes(origin)) return true
  return settings.allowLocalOrigins && LOCAL.test(origin)
}
