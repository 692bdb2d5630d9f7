// A panel that fails says so, and the others go on.
import {Component, type ComponentChildren} from 'preact';
import {texts} from '../i18n/index.ts';

interface Props {
  children: ComponentChildren;
}

export class Boundary extends Component<Props, {failure: unknown}> {
  override state = {failure: null as unknown};

  override componentDidCatch(failure: unknown): void {
    console.error(failure);
    this.setState({failure});
  }

  override render() {
    const {failure} = this.state;
    if (failure === null) return this.props.children;
    const words = texts.value.error;
    return (
      <section class="card notice" role="alert">
        <h2>{words.script}</h2>
        <details>
          <summary>{words.details}</summary>
          <pre>
            {failure instanceof Error ? (failure.stack ?? failure.message) : String(failure)}
          </pre>
        </details>
        <p>
          <button type="button" onClick={() => this.setState({failure: null})}>
            {words.reload}
          </button>
        </p>
      </section>
    );
  }
}
