#include "hubs/link_channel.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace gridloom::hub {

LinkChannel::LinkChannel(const Options& options, Events events)
    : options_(options),
      events_(std::move(events)),
      link_(options.run, options.limits,
            {.opened = [this] { opened(); },
             .closed = [this] { closed(); },
             .received = events_.received,
             .send = events_.send}) {}

void LinkChannel::opened() {
  std::uint64_t session = 0;
  {
    const std::lock_guard lock(mutex_);
    session = session_ = ++last_session_;
  }
  events_.opened(session);
}

void LinkChannel::closed() {
  {
    const std::lock_guard lock(mutex_);
    session_ = 0;
    pending_.clear();
  }
  count_waiting();
  events_.closed();
}

void LinkChannel::send(std::uint64_t session, std::string_view head, std::string_view rest) {
  {
    const std::lock_guard lock(mutex_);
    if (session == 0 || session != session_) return;
    if (pending_.empty()) pending_.reserve(usual_bytes_);
    NodeLink::append(pending_, head, rest);
    waiting_bytes_.fetch_add(head.size() + rest.size(), std::memory_order_relaxed);
    if (std::exchange(flushes_, true)) return;
  }
  options_.loop.post_lazily([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->flush();
  });
}

bool LinkChannel::is_congested() const {
  if (waiting_bytes_.load(std::memory_order_relaxed) <= options_.congested_bytes) return false;
  said_congested_ = true;
  return true;
}

void LinkChannel::flush() {
  std::string messages;
  {
    const std::lock_guard lock(mutex_);
    flushes_ = false;
    messages = std::exchange(pending_, {});
    usual_bytes_ = std::min(messages.size(), options_.limits.frame_bytes);
  }
  const TimePoint now = options_.clock.now();
  if (link_.is_open() && !messages.empty()) link_.send(std::move(messages), now);
  link_.flush(now);
  count_waiting();
}

void LinkChannel::count_waiting() {
  std::size_t waiting = 0;
  {
    const std::lock_guard lock(mutex_);
    waiting = pending_.size() + link_.unconfirmed_bytes();
    waiting_bytes_.store(waiting, std::memory_order_relaxed);
  }
  if (waiting > options_.congested_bytes || !events_.eased) return;
  if (said_congested_.exchange(false)) events_.eased();
}

void LinkChannel::receive(std::string_view frame) {
  link_.receive(frame, options_.clock.now());
  count_waiting();
}

void LinkChannel::tick() {
  link_.tick(options_.clock.now());
  count_waiting();
}

NodeChannel::NodeChannel(const Options& options, Events events)
    : link_(std::make_shared<LinkChannel>(
          options,
          LinkChannel::Events{.opened = std::move(events.opened),
                              .closed = std::move(events.closed),
                              .received =
                                  [received = std::move(events.received)](std::string_view bytes) {
                                    auto message = node_message_in(bytes);
                                    if (message) return received(std::move(*message));
                                    spdlog::error("another node: {}", message.error().detail);
                                  },
                              .send = std::move(events.send)})) {}

}  // namespace gridloom::hub
