import {texts} from '../i18n/index.ts';
import {unseenAlarms} from '../store/acknowledged.ts';
import {Icon, type IconName} from '../ui/icon.tsx';

interface Entry {
  to: string;
  icon: IconName;
  text: 'home' | 'history' | 'alarms' | 'fleet' | 'settings';
}

const entries: Entry[] = [
  {to: '/', icon: 'home', text: 'home'},
  {to: '/history', icon: 'history', text: 'history'},
  {to: '/alarms', icon: 'alarm', text: 'alarms'},
  {to: '/fleet', icon: 'fleet', text: 'fleet'},
  {to: '/settings', icon: 'settings', text: 'settings'},
];

export function Navigation({place}: {place: string}) {
  const words = texts.value.nav;
  const count = unseenAlarms.value.length;
  return (
    <nav class="navigation" aria-label={words.label}>
      {entries.map((entry) => (
        <a key={entry.to} href={entry.to} aria-current={place === entry.to ? 'page' : undefined}>
          <Icon name={entry.icon} />
          <span>{words[entry.text]}</span>
          {entry.text === 'alarms' && count > 0 && (
            <b class="count">
              <span class="hidden">{texts.value.alarmCount(count)}</span>
              <span aria-hidden="true">{count}</span>
            </b>
          )}
        </a>
      ))}
    </nav>
  );
}
