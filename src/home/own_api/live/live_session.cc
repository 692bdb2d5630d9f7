#include "own_api/live/live_session.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "api/message/params.h"
#include "base/printable.h"
#include "own_api/live/live_input.h"

namespace gridloom::api {
namespace {

using wire::JsonObject;

// The effort of a message of the usual size, and the bytes of a long one that cost one more.
constexpr std::int64_t kMessageEffort = 4;
constexpr std::size_t kBytesOfEffort = 64;
constexpr std::int64_t kHomeEffort = 16;  // of asking for the home, and sending it

}  // namespace

Result<std::shared_ptr<LiveSession>> LiveSession::open(Options options) {
  // make_shared cannot call a private constructor.
  std::shared_ptr<LiveSession> session(new LiveSession(std::move(options)));
  GL_TRY(auto place, session->share_->add_client());
  session->place_ = std::move(place);
  const Options& used = session->options_;
  session->subscriptions_ = std::make_shared<LiveSubscriptions>(
      LiveSubscriptions::Options{.account_id = used.caller.account,
                                 .share = session->share_,
                                 .card = used.caller.card,
                                 .feed = used.feed,
                                 .homes = used.homes,
                                 .loop = &used.context.loop,
                                 .on_news =
                                     [weak = std::weak_ptr(session)] {
                                       const auto self = weak.lock();
                                       if (self && self->has_output())
                                         self->options_.context.wake();
                                     },
                                 .now = used.now});
  return session;
}

LiveSession::LiveSession(Options options)
    : options_(std::move(options)),
      share_(options_.feed->share(options_.caller)),
      credential_(options_.caller, options_.feed->hub().platform().registry.directory()),
      now_(options_.now),
      beat_(options_.now) {}

std::int64_t LiveSession::account() const { return std::to_underlying(options_.caller.account); }

void LiveSession::receive(std::string_view bytes, TimePoint now) {
  now_ = now;
  if (life_ == Life::kEnded) return;
  subscriptions_->advance(now);
  // The cost of a message has no relation to its size, so the messages of one read may take several
  // turns. Nothing more is read until they are done.
  const bool waits = input_.has_line();
  input_.add(bytes);
  if (!waits) work_on_lines();
}

void LiveSession::work() {
  effort_ = 0;
  work_on_lines();
}

void LiveSession::work_on_lines() {
  while (life_ != Life::kEnded) {
    if (input_.is_too_long()) {
      end(fmt::format("a message has at most {} bytes", LiveInput::kLineBytes));
    } else if (!input_.has_line() || effort_ >= kEffortAtOnce || replies_.size() >= kOutputBytes) {
      break;
    } else {
      effort_ += on_line(input_.take());
    }
  }
  input_.free_taken();
  subscriptions_->read_twins();
}

std::int64_t LiveSession::on_line(std::string_view line) {
  auto effort = kMessageEffort + static_cast<std::int64_t>(line.size() / kBytesOfEffort);
  const auto parsed = wire::parse_json(line, {.bytes = LiveInput::kLineBytes});
  if (!parsed || !parsed->is_object()) {
    refuse(std::nullopt,
           {.code = ErrorCode::kBadParams, .detail = "a message must be a JSON object"});
    return effort;
  }
  const JsonObject& message = parsed->get_object();
  const std::string_view type = text_in(message, "t");
  const auto id = number_in(message, "id");
  if (type == "hello") {
    hello();
  } else if (type == "pause" || type == "play") {
    life_ = type == "pause" ? Life::kPaused : Life::kPlaying;
  } else if (type != "sub" && type != "unsub") {
    refuse(id, {.code = ErrorCode::kBadParams,
                .detail = fmt::format("t is \"{}\": must be hello, sub, unsub, pause or play",
                                      shown(type))});
  } else if (!id) {
    refuse(std::nullopt,
           {.code = ErrorCode::kBadParams, .detail = "id is missing: must be a number"});
  } else if (type == "sub") {
    if (text_in(message, "topic") == "home") effort += kHomeEffort;
    const Status made = subscriptions_->subscribe(*id, message, credential_.directory());
    if (!made) refuse(id, made.error());
  } else {
    subscriptions_->unsubscribe(*id);
  }
  return effort;
}

// A welcome lists all devices, so a client that asks for it again and again gets it now and then.
void LiveSession::hello() {
  owes_welcome_ = true;
  if (!welcomed_ || now_ - *welcomed_ >= kWelcomeEvery) welcome();
}

void LiveSession::welcome() {
  owes_welcome_ = false;
  welcomed_ = now_;
  fmt::format_to(std::back_inserter(replies_),
                 R"({{"t":"welcome","epoch":"{}","seq":{},"now":{},"rate":{},"rights":{}}})",
                 options_.feed->epoch(), options_.feed->seq(), unix_ms(options_.feed->now()),
                 options_.feed->rate(),
                 options_.caller.card
                     ? std::string_view("{}")
                     : std::string_view(share_->account().rights(credential_.shared_directory())));
  replies_ += '\n';
}

void LiveSession::refuse(std::optional<LiveSubscriptions::Id> id, const Error& error) {
  JsonObject message{
      {"t", "error"}, {"code", name_of(error.code)}, {"message", redacted(error.detail)}};
  if (id) message["id"] = *id;
  wire::append_text(replies_, message);
  replies_ += '\n';
}

void LiveSession::end(std::string_view why) {
  if (life_ == Life::kEnded) return;
  wire::append_text(replies_, JsonObject{{"t", "bye"}, {"why", why}});
  replies_ += '\n';
  lost();
}

void LiveSession::lost() {
  life_ = Life::kEnded;
  input_.clear();
  subscriptions_->clear();
  place_ = {};
}

bool LiveSession::has_output() const {
  if (!replies_.empty() || life_ == Life::kEnded || now_ - beat_ >= kHeartbeat) return true;
  return life_ == Life::kPlaying && subscriptions_->is_ready();
}

void LiveSession::take_output(std::string& out) {
  out += std::exchange(replies_, {});
  if (life_ == Life::kEnded) return;
  if (now_ - beat_ >= kHeartbeat) {
    beat_ = now_;
    fmt::format_to(std::back_inserter(out), R"({{"t":"hb","now":{},"rate":{},"seq":{}}})",
                   unix_ms(options_.feed->now()), options_.feed->rate(), options_.feed->seq());
    out += '\n';
  }
  if (life_ == Life::kPlaying) subscriptions_->take_output(out, kOutputBytes);
}

void LiveSession::check_rights() {
  const hub::Platform& platform = options_.feed->hub().platform();
  if (credential_.use(platform.registry.directory())) {
    for (const auto& [id, error] : subscriptions_->drop_forbidden(credential_.directory()))
      refuse(id, error);
  }
  if (const auto why = credential_.why_ended(platform.wall->now())) end(*why);
}

void LiveSession::tick(TimePoint now) {
  now_ = now;
  if (life_ == Life::kEnded) return;
  check_rights();
  if (life_ == Life::kEnded) return;
  if (owes_welcome_ && now_ - *welcomed_ >= kWelcomeEvery) welcome();
  subscriptions_->tick(now);
  options_.feed->check_quiet(options_.caller.account);
  if (life_ == Life::kPlaying) subscriptions_->refresh_home();
}

}  // namespace gridloom::api
