/** The classes of a plain table. */
export const TABLE = 'w-full md:min-w-[34rem] border-separate border-spacing-0'
export const TH =
  'sticky top-0 z-10 h-9 border-b border-line bg-page px-3 text-left text-xs font-medium text-faint first:pl-4 last:pr-4'
export const TD = 'h-10 border-b border-line px-3 first:pl-4 last:pr-4'
