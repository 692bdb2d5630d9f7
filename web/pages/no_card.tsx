// Where a card would be whose token opens none here: nobody signs in inside of another page.
import {texts} from '../i18n/index.ts';

export function NoCard() {
  return (
    <section class="card notice">
      <p>{texts.value.error.noCard}</p>
    </section>
  );
}
