/** The page's icon. */
export function ShoppingBag({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2" aria-hidden className={className}>
      <path d="M6 8h12l1 13H5zM9 8a3 3 0 0 1 6 0" strokeLinejoin="round" />
    </svg>
  )
}
