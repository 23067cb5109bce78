import { type Rule, adminAccess } from '@shared/contracts/adminAccess'
import { type AdminRouteName, adminRoutes } from '@shared/contracts/adminApi'
import type { AdminRoute } from '@shared/contracts/adminRoute'

/** The one table of who may call which route of the Admin API as people read it; a test compares the page with it. */
function accessTable(): string {
  const rows = Object.entries<AdminRoute>(adminRoutes).map(([name, { method, path, summary }]) => {
    const rule: Rule = adminAccess[name as AdminRouteName]
    return [rule, `\`${method.toUpperCase()} ${path.replace('/admin/v1', '')}\``, summary.replaceAll('|', '\\|')]
  })
  const table = [['needs', 'route under `/admin/v1`', 'what it does'], ...rows]
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column]!.length)))
  const line = (cells: readonly string[], filler: string) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!, filler)).join(' | ')} |\n`
  const [head, ...body] = table
  return line(head!, ' ') + line(['', '', ''], '-') + body.map((row) => line(row, ' ')).join('')
}

/** docs/admin-api.md with the table of today. */
export function withAccessTable(page: string): string {
  return page.replace(/(^\|.*\n)+/m, () => accessTable())
}
