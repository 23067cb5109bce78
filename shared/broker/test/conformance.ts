import type { BrokerAddress } from './brokerProcess.ts'
import { testFaults } from './conformanceFaults.ts'
import { testWithTwo } from './conformanceWell.ts'

/** A service on which a broker is tried. */
export interface TestedService {
  /** Whether other processes get the events themselves, with every news, or only the newest seq now and then. */
  carriesEvents: boolean
  /** A broker's address under a name that nothing else uses. */
  newAddress(): BrokerAddress
  /** Kills all of the service's connections that belong to the address. How many there were. */
  killConnections(address: BrokerAddress): Promise<number>
}

/** What the port promises, tried between processes of their own. */
export function testBroker(service: () => TestedService): void {
  describe('while all is well', () => testWithTwo(service))
  describe('when connections break', () => testFaults(service))
}
