// Past alarms are made of the log of events: faults that have ended, and times without contact.
import type {DeviceEvent} from '../api/types.ts';
import type {AlarmSeverity} from '../store/home.ts';

export interface PastAlarm {
  key: string;
  sn: string;
  severity: AlarmSeverity;
  /** Absent: the device was without contact. */
  title?: string;
  field?: string;
  text: string;
  /** In Unix milliseconds. */
  from: number;
  to: number;
}

/** The newest end first, as the events are. */
export function pastAlarms(events: DeviceEvent[]): PastAlarm[] {
  return events.flatMap((event, i) => {
    if (event.kind === 'fault.ended') return [endedFault(event)];
    if (event.kind !== 'online') return [];
    // The contact was lost before it came back; without that the time is not known.
    const lost = events.slice(i + 1).find(({sn, kind}) => sn === event.sn && isContact(kind));
    if (lost?.kind !== 'offline') return [];
    return [
      {
        key: `${event.sn} silent ${event.at}`,
        sn: event.sn,
        severity: 'silent' as const,
        text: '',
        from: lost.at,
        to: event.at,
      },
    ];
  });
}

const isContact = (kind: DeviceEvent['kind']) => kind === 'online' || kind === 'offline';

function endedFault(event: DeviceEvent): PastAlarm {
  const field = event.field ?? '';
  return {
    key: `${event.sn} ${field} ${event.at}`,
    sn: event.sn,
    severity: event.severity ?? 'fault',
    title: event.title ?? field,
    field,
    text: event.text ?? '',
    from: event.since ?? event.at,
    to: event.at,
  };
}
