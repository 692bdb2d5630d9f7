#include "bridges/webhook/sender.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include "base/secret.h"
#include "bridges/core/reply_reason.h"
#include "wire/json.h"

namespace gridloom::bridges::webhook {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kIdBytes = 16;
constexpr std::string_view kContentType = "application/json";
// For a receiver's answer.
constexpr Millis kPatience = std::chrono::seconds(10);
constexpr std::size_t kMaxAnswerBytes = std::size_t{64} * 1024;
// The thread waits for news this long at a time.
constexpr std::chrono::minutes kIdle{1};

}  // namespace

Verdict verdict_of(unsigned status) {
  constexpr unsigned kTimeout = 408;
  constexpr unsigned kTooEarly = 425;
  constexpr unsigned kTooMany = 429;
  if (status >= 200 && status < 300) return Verdict::kTaken;
  const bool is_later =
      status >= 500 || status == kTimeout || status == kTooEarly || status == kTooMany;
  return is_later ? Verdict::kLater : Verdict::kRefused;
}

void Sender::start() {
  health_.connecting();
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Sender::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  health_.count_dropped(queue_.size());
}

void Sender::push(const Event& event, std::string_view account) {
  std::string id = random_hex(kIdBytes);
  std::string body = wire::to_text(body_of(event, id, account));
  queue_.push({.id = std::move(id), .body = std::move(body), .since = Steady::now()});
  count();
  news_.notify();
}

void Sender::count() {
  health_.set_figure("waiting", static_cast<std::int64_t>(queue_.size()));
  if (const std::uint64_t dropped = queue_.take_dropped(); dropped != 0) {
    health_.count_dropped(dropped);
  }
}

void Sender::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto event = queue_.take(Steady::now());
    if (!event) {
      count();
      if (!news_.wait_until(stop, try_to_reach(stop))) return;
      continue;
    }
    if (!deliver(stop, *event)) {
      health_.count_dropped();
      return;
    }
    count();
  }
}

Steady::time_point Sender::try_to_reach(const std::stop_token& stop) {
  if (is_reached_) return Steady::now() + kIdle;
  Status reached = open(stop);
  if (reached) reached = client_->reach();
  if (stop.stop_requested()) return Steady::now();
  if (!reached) {
    health_.failing(reached.error().detail);
    return Steady::now() + pause_.next();
  }
  is_reached_ = true;
  pause_.reset();
  health_.connected();
  return Steady::now() + kIdle;
}

bool Sender::deliver(const std::stop_token& stop, const EventQueue::Waiting& event) {
  while (!stop.stop_requested()) {
    const auto reply = ask(stop, event);
    if (stop.stop_requested()) return false;
    const Verdict verdict = reply ? verdict_of(reply->status) : Verdict::kLater;
    if (verdict != Verdict::kLater) {
      pause_.reset();
      is_reached_ = true;
      health_.connected();
      if (verdict == Verdict::kTaken) {
        health_.count_out();
      } else {
        health_.count_dropped();
        health_.error(reason_of(*reply));
      }
      return true;
    }
    health_.failing(reply ? reason_of(*reply) : reply.error().detail);
    const auto until = Steady::now() + pause_.next(reply ? reply->retry_after : std::nullopt);
    if (!rest_.wait_until(stop, std::min(until, event.since + EventQueue::kLongestWait))) {
      return false;
    }
    if (EventQueue::is_too_old(event, Steady::now())) {
      health_.count_dropped();
      health_.error("an event is dropped: its receiver did not take it for a day");
      return true;
    }
  }
  return false;
}

Status Sender::open(const std::stop_token& stop) {
  if (!signer_) {
    auto made = Signer::make(settings_.secret);
    if (!made) return std::unexpected(made.error());
    signer_ = std::move(*made);
  }
  if (client_) return {};
  auto opened = client::HttpClient::open({.server = settings_.url.server,
                                          .ca = settings_.ca,
                                          .patience = kPatience,
                                          .max_body_bytes = kMaxAnswerBytes,
                                          .stop = stop});
  if (!opened) return std::unexpected(opened.error());
  client_ = std::move(*opened);
  return {};
}

Result<client::HttpReply> Sender::ask(const std::stop_token& stop,
                                      const EventQueue::Waiting& event) {
  if (Status ready = open(stop); !ready) return std::unexpected(ready.error());
  auto headers = signer_->headers(event.id, unix_ms(wall_.now()), event.body);
  if (!headers) return std::unexpected(headers.error());
  return client_->ask({.method = "POST",
                       .target = settings_.url.target,
                       .headers = std::move(*headers),
                       .body = event.body,
                       .content_type = kContentType});
}

}  // namespace gridloom::bridges::webhook
