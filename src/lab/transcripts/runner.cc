#include "transcripts/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <expected>
#include <functional>
#include <optional>
#include <utility>

#include "base/secret.h"
#include "sim/world.h"
#include "time/grammar.h"
#include "transcripts/actors.h"
#include "transcripts/mqtt_client.h"
#include "transcripts/pattern.h"

namespace gridloom::transcripts {
namespace {

using wire::Json;

constexpr std::string_view kFirstAccount = "demo";
constexpr TimePoint kStart{Millis(1'750'240'800'000)};  // 2025-06-18 10:00 UTC
constexpr std::size_t kMaxShown = 1500;

std::string shown(std::string text) {
  if (text.size() > kMaxShown) text = text.substr(0, kMaxShown) + "...";
  return text;
}

registry::Rights rights_called(std::string_view word) {
  if (word == "full") return registry::Rights::kFull;
  return word == "monitor" ? registry::Rights::kMonitor : registry::Rights::kNone;
}

// The settings at the beginning of a transcript.
struct Beginning {
  TimePoint clock = kStart;
  sim::World::Options site{.seed = 1};
  bool is_recorded = false;
};

std::expected<Beginning, Failure> beginning_of(const Script& script) {
  Beginning beginning;
  bool first = true;
  for (const Line& line : script.lines) {
    const bool begins = line.directive == Directive::kClock || line.directive == Directive::kSeed ||
                        line.directive == Directive::kSite;
    if (begins && !first) {
      return std::unexpected(
          Failure{.line = line.number, .text = "clock, seed and site stand before anything else"});
    }
    first = first && (begins || line.directive == Directive::kNothing);
    beginning.is_recorded = beginning.is_recorded || line.directive == Directive::kRecorded;
    if (line.directive == Directive::kClock) {
      const auto clock =
          time::parse_time(line.words[0] + ' ' + line.words[1],
                           {.name = "clock", .relative = time::TimeOptions::Relative::kNone});
      if (!clock) {
        return std::unexpected(Failure{.line = line.number, .text = clock.error().detail});
      }
      beginning.clock = *clock;
    }
    if (line.directive == Directive::kSeed) beginning.site.seed = line.seed;
    if (line.directive != Directive::kSite) continue;
    for (const auto& [name, number] : line.numbers) {
      (name == "latitude" ? beginning.site.latitude_deg : beginning.site.yearly_kwh) = number;
    }
  }
  return beginning;
}

struct Pending {
  std::size_t line = 0;
  std::string account;
  std::string method;
  std::string target;
  std::string body;
  std::unique_ptr<HttpCall> call;
  bool may_stay = false;  // may stay unanswered
};

class Runner {
 public:
  Runner(const Script& script, std::unique_ptr<TestServer> server, Coverage& coverage,
         const Actors::Options& options)
      : script_(script),
        server_(std::move(server)),
        schema_(coverage),
        actors_(*server_, schema_, coverage, options) {
    outcome_.seed = options.site.seed;
  }

  RunResult play();

 private:
  [[nodiscard]] bool restarts_before(const Line& line);
  void play(const Line& line);
  [[nodiscard]] Status directive(const Line& line);
  [[nodiscard]] Status fault(const Line& line);
  void request(const Line& line);
  void expect_answer(const Line& line);
  void expect_refusal(const Line& line);
  // Fails for each refusal that no line expected.
  void fail_refusals();
  void take_what_went_wrong(const Line& line);
  void expect_message(const Line& line, ReceivedMessages& inbox);
  void check_answer(const Pending& pending, const Json& answer);
  // Reports that `got` differs from the line's expectation.
  void mismatch(const Line& line, const std::string& prefix, const std::optional<Pattern>& pattern,
                const Json& got);
  [[nodiscard]] std::optional<Pattern> pattern_of(const Line& line);
  void fail_at(std::size_t line, std::string text) {
    outcome_.failures.push_back({.line = line, .text = std::move(text)});
  }

  const Script& script_;
  std::unique_ptr<TestServer> server_;
  SchemaChecker schema_;
  Actors actors_;
  std::string account_{kFirstAccount};
  std::deque<Pending> pending_;
  struct Refused {
    std::size_t line = 0;
    Actors::Refusal refusal;
  };
  std::vector<Refused> refused_;        // since the last action
  bool only_server_knows_ = false;      // a device scripted by hand owes a reply
  std::size_t restart_chances_ = 0;     // requests before which the server might have restarted
  std::optional<std::string> instead_;  // rewritten expectation, for --rewrite
  RunResult outcome_;
};

RunResult Runner::play() {
  const TimePoint start = server_->clock().now();
  if (Status added = actors_.add_account(account_); !added) fail_at(0, added.error().detail);
  for (const Line& line : script_.lines) {
    instead_.reset();
    play(line);
    server_->drain();
    take_what_went_wrong(line);
    if (instead_) {
      outcome_.rewritten += *instead_ + '\n';
    } else {
      for (const std::string& as_is : line.as_is) outcome_.rewritten += as_is + '\n';
    }
  }
  fail_refusals();
  for (const Pending& pending : pending_) {
    if (pending.may_stay && !pending.call->answer()) continue;
    fail_at(pending.line, "no '<' line takes the answer");
  }
  outcome_.record = actors_.record();
  outcome_.span = server_->clock().now() - start;
  return std::move(outcome_);
}

void Runner::take_what_went_wrong(const Line& line) {
  for (std::string& violation : schema_.take_violations()) {
    fail_at(line.number, std::move(violation));
  }
  for (Invariants::Broken& broken : actors_.take_broken()) {
    fail_at(broken.line, std::move(broken.text));
  }
  for (Actors::Refusal& refusal : actors_.take_refusals()) {
    refused_.push_back({.line = line.number, .refusal = std::move(refusal)});
  }
}

void Runner::fail_refusals() {
  for (Refused& each : std::exchange(refused_, {})) {
    fail_at(each.line, std::move(each.refusal.text));
  }
}

// Before a request or an app's message, when no answer is outstanding.
bool Runner::restarts_before(const Line& line) {
  const std::size_t every = server_->variant().restart_every;
  if (every == 0 || !pending_.empty() || only_server_knows_) return false;
  if (line.directive != Directive::kRequest && line.directive != Directive::kAppSends) return false;
  return ++restart_chances_ % every == 0;
}

void Runner::play(const Line& line) {
  if (restarts_before(line)) {
    if (Status restarted = actors_.restart_server(); !restarted) {
      fail_at(line.number, restarted.error().detail);
    }
  }
  if (!is_expectation(line.directive) && line.directive != Directive::kNothing &&
      line.directive != Directive::kAs) {
    fail_refusals();
    actors_.begin_action(line.directive == Directive::kAppSends ? Interface::kMqtt
                                                                : Interface::kHttp);
  }
  const std::string end = line.words.size() > 1 ? line.words[0] + '/' + line.words[1] : "";
  switch (line.directive) {
    case Directive::kRequest:
      return request(line);
    case Directive::kAnswer:
      return expect_answer(line);
    case Directive::kAppReceives:
      if (line.words.size() > 1 && line.words[1] == "set_reply") only_server_knows_ = false;
      return expect_message(line, actors_.app_inbox(account_, end));
    case Directive::kDeviceReceives:
      return expect_message(line, actors_.device_inbox(end));
    case Directive::kRefused:
      return expect_refusal(line);
    default:
      if (Status done = directive(line); !done) fail_at(line.number, done.error().detail);
  }
}

Status Runner::directive(const Line& line) {
  const std::vector<std::string>& words = line.words;
  switch (line.directive) {
    case Directive::kAccount:
      return actors_.add_account(words[0]);
    case Directive::kDevice:
      return actors_.add_device(
          {.family = words[0],
           .sn = words[1],
           .owner = words[3],
           .played = words.size() == 5 ? Played::kByHand : Played::kBySimulator,
           .setup = line.payload});
    case Directive::kShare:
      return server_->registry().share_device(
          {.sn = words[0], .account = words[1], .rights = rights_called(words[2])});
    case Directive::kAs:
      if (actors_.key_of(words[0]) == nullptr) {
        return fail(ErrorCode::kNotFound, fmt::format("there is no account {} here", words[0]));
      }
      account_ = words[0];
      return {};
    case Directive::kAppSends:
      only_server_knows_ = words[1] == "set";
      return actors_.app_sends(account_, words[0], words[1], line.payload);
    case Directive::kDeviceSends:
      only_server_knows_ = words[1] == "status";
      return actors_.device_sends(words[0], words[1], line.payload);
    case Directive::kWait:
      only_server_knows_ = false;
      if (line.step > Millis(0)) {
        actors_.leap({.span = line.span, .step = line.step});
      } else {
        actors_.wait(line.span);
      }
      return {};
    case Directive::kDrop:
      return words[0] == "app" ? actors_.drop_app(account_)
                               : actors_.drop_device(words[1], line.span);
    case Directive::kConnect:
      return words[0] == "app" ? actors_.connect_app(account_) : actors_.connect_device(words[1]);
    case Directive::kRotate:
      return actors_.rotate_app(account_);
    case Directive::kFaultOn:
    case Directive::kFaultOff:
      return fault(line);
    case Directive::kWeather:
      actors_.set_weather(line.numbers);
      return {};
    case Directive::kAlways:
    case Directive::kNever:
      return actors_.add_invariant({.wanted = line.directive == Directive::kAlways
                                                  ? Invariants::Wanted::kAlways
                                                  : Invariants::Wanted::kNever,
                                    .condition = line.payload,
                                    .line = line.number});
    default:
      return {};  // settings were read before the server was built
  }
}

Status Runner::fault(const Line& line) {
  if (line.directive == Directive::kFaultOff) return actors_.end_fault(line.fault_rule);
  FaultRule fault_rule = line.fault_rule;
  if (line.span > Millis(0)) fault_rule.until = server_->clock().now() + line.span;
  return actors_.add_fault(fault_rule);
}

void Runner::request(const Line& line) {
  Pending pending{.line = line.number,
                  .account = account_,
                  .method = line.words[0],
                  .target = line.words[1],
                  .body = line.payload,
                  .call = nullptr};
  const client::HttpRequest request{
      .method = pending.method, .target = pending.target, .body = pending.body};
  pending.call = std::make_unique<HttpCall>(*server_, request, *actors_.key_of(account_));
  pending_.push_back(std::move(pending));
  server_->drain();
}

std::optional<Pattern> Runner::pattern_of(const Line& line) {
  auto pattern = Pattern::parse(line.payload);
  if (pattern) return std::move(*pattern);
  fail_at(line.number, line.payload.empty() ? "nothing is expected yet: --rewrite fills it in"
                                            : "the expectation: " + pattern.error().detail);
  return std::nullopt;
}

void Runner::mismatch(const Line& line, const std::string& prefix,
                      const std::optional<Pattern>& pattern, const Json& got) {
  if (pattern) {
    const auto difference = pattern->difference(got);
    fail_at(line.number, fmt::format("{}: expected {}, got {}\n  expected {}\n  got      {}",
                                     difference->path.empty() ? "all of it" : difference->path,
                                     shown(difference->expected), shown(difference->got),
                                     shown(line.payload), shown(wire::to_text(got))));
  }
  instead_ = (pattern ? pattern->adapted_to(got) : Pattern::of(got)).text(prefix);
}

void Runner::expect_answer(const Line& line) {
  if (pending_.empty()) return fail_at(line.number, "no request waits for an answer");
  if (pending_.size() < line.which) {
    return fail_at(line.number, fmt::format("no request {} waits for an answer", line.which));
  }
  const auto asked = pending_.begin() + static_cast<std::ptrdiff_t>(line.which - 1);
  const auto& answer = asked->call->answer();
  asked->may_stay = line.words[0] == "nothing";
  if (line.words[0] == "nothing") {
    if (answer) fail_at(line.number, "expected no answer yet, got " + shown(answer->body));
    return;
  }
  if (line.words[0] == "ended") {
    const bool ended = asked->call->is_over() && !answer;
    pending_.erase(asked);
    if (!ended) fail_at(line.number, "expected the connection to end without an answer");
    return;
  }
  if (!answer) return fail_at(line.number, "no answer has come");
  const Pending pending = std::move(*asked);
  pending_.erase(asked);
  if (answer->status != line.words[0]) {
    fail_at(line.number,
            fmt::format("expected HTTP status {}, got {}", line.words[0], answer->status));
  }
  const auto json = wire::parse_json(answer->body, {.bytes = 4U << 20U, .keys = 16'384});
  if (!json) return fail_at(line.number, "the answer is no JSON: " + shown(answer->body));
  check_answer(pending, *json);
  const std::string which = line.which == 1 ? "" : fmt::format("{}: ", line.which);
  const std::string prefix = fmt::format("< {}{} ", which, answer->status);
  const auto pattern = pattern_of(line);
  if (!pattern || pattern->difference(*json)) return mismatch(line, prefix, pattern, *json);
  instead_ = pattern->text(prefix);
}

void Runner::expect_refusal(const Line& line) {
  const std::size_t taken =
      std::erase_if(refused_, [this](const Refused& each) { return each.refusal.app == account_; });
  if (taken == 0) fail_at(line.number, "the platform refused the app nothing");
}

void Runner::check_answer(const Pending& pending, const Json& answer) {
  if (pending.target.starts_with("/healthz")) return;
  schema_.envelope(answer);
  const Json* data = wire::member(answer, "data");
  if (data == nullptr || (data->is_null() && server_->injects_faults())) return;
  const std::string path = pending.target.substr(0, pending.target.find('?'));
  if (path.ends_with("/certification")) {
    const Json* password = wire::member(*data, "certificatePassword");
    if (password != nullptr && password->is_string()) {
      actors_.app_learns(pending.account, Secret(std::string(password->get_string())));
    }
    return;
  }
  if (path.ends_with("device/list")) return schema_.device_list(*data);
  const bool read =
      path.ends_with("/quota/all") || (path.ends_with("/quota") && pending.method != "PUT");
  if (!read) return;
  const auto body = wire::parse_json(pending.body);
  const Json* sn = body ? wire::member(*body, "sn") : nullptr;
  const std::size_t at = pending.target.find("sn=");
  const std::string asked =
      sn != nullptr && sn->is_string()
          ? std::string(sn->get_string())
          : pending.target.substr(at + 3, pending.target.find('&', at) - at - 3);
  schema_.quotas(*server_->catalog().of_serial(asked), *data);
}

void Runner::expect_message(const Line& line, ReceivedMessages& inbox) {
  const bool retained = line.words.size() == 3;
  const std::string prefix =
      fmt::format("< {} {} {}{} ", line.directive == Directive::kAppReceives ? "mqtt" : "device",
                  line.words[0], line.words[1], retained ? " retained" : "");
  const std::deque<Received>& messages = inbox.messages;
  if (line.payload == "none") {
    if (inbox.next == messages.size() && inbox.dropped == 0) return;
    const std::size_t first = inbox.next == messages.size() ? 0 : inbox.next;
    return fail_at(line.number, "expected no message, got " + shown(messages[first].payload));
  }
  const auto pattern = pattern_of(line);
  std::optional<Json> nearest;
  std::size_t nearest_at = 0;
  for (std::size_t i = inbox.next; i < messages.size(); ++i) {
    const auto json = wire::parse_json(messages[i].payload, {.keys = 16'384});
    if (!json || messages[i].retained != retained) continue;
    if (pattern && !pattern->difference(*json)) {
      inbox.next = i + 1;
      instead_ = pattern->text(prefix);
      return;
    }
    if (nearest && (!pattern || pattern->distance(*json) >= pattern->distance(*nearest))) continue;
    nearest = *json;
    nearest_at = i;
  }
  if (!nearest) {
    return fail_at(line.number, fmt::format("no such message came since the last action{}",
                                            retained ? ", or none that is retained" : ""));
  }
  inbox.next = nearest_at + 1;
  mismatch(line, prefix, pattern, *nearest);
}

}  // namespace

RunResult play(const Script& script, const std::shared_ptr<const catalog::Catalog>& catalog,
               const PlayOptions& options, Coverage& coverage) {
  auto beginning = beginning_of(script);
  if (!beginning)
    return {.failures = {std::move(beginning.error())}, .rewritten = {}, .record = {}};
  beginning->site.seed = options.seed.value_or(beginning->site.seed);
  auto server = TestServer::open(catalog, options.variant, beginning->clock);
  if (!server) {
    return {
        .failures = {{.line = 0, .text = server.error().detail}}, .rewritten = {}, .record = {}};
  }
  Millis whole{0};
  for (const Line& line : script.lines) {
    if (line.directive == Directive::kWait) whole += line.span;
  }
  std::function<void(TimePoint)> on_step;
  if (options.on_step) {
    on_step = [&options, whole, start = beginning->clock](TimePoint now) {
      options.on_step(std::chrono::duration_cast<Millis>(now - start), whole);
    };
  }
  return Runner(script, std::move(*server), coverage,
                {.site = beginning->site,
                 .keeps_record = options.keeps_record,
                 .messages_wait = beginning->is_recorded,
                 .on_step = std::move(on_step)})
      .play();
}

}  // namespace gridloom::transcripts
