// Docker's question whether a process of ours is ready, whatever its role is.
import { get } from 'node:http'

get(`http://127.0.0.1:${process.env.PORT || 4000}/health/ready`, ({ statusCode }) =>
  process.exit(statusCode === 200 ? 0 : 1),
).on('error', () => process.exit(1))
