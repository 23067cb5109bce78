/** Load comes from few keys and one address: what is measured is the product, not where it refuses. */
export const WITHOUT_LIMITS = {
  AGENTVIEW_RATE_USER: '0',
  AGENTVIEW_RATE_KEY: '0',
  AGENTVIEW_RATE_ADDRESS: '0',
  AGENTVIEW_CONNECTIONS_USER: '0',
  AGENTVIEW_CONNECTIONS_KEY: '0',
  AGENTVIEW_CONNECTIONS_ADDRESS: '0',
} as const
