#include "hub/node_channel.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace gridloom::hub {

NodeChannel::NodeChannel(const Options& options, Events events)
    : options_(options),
      events_(std::move(events)),
      link_(options.run, options.limits,
            {.opened = [this] { opened(); },
             .closed = [this] { closed(); },
             .received =
                 [this](std::string_view bytes) {
                   auto message = node_message_in(bytes);
                   if (message) return events_.received(std::move(*message));
                   spdlog::error("another node: {}", message.error().detail);
                 },
             .send = events_.send}) {}

void NodeChannel::opened() {
  std::uint64_t session = 0;
  {
    const std::lock_guard lock(mutex_);
    session = session_ = ++last_session_;
  }
  events_.opened(session);
}

void NodeChannel::closed() {
  {
    const std::lock_guard lock(mutex_);
    session_ = 0;
    pending_.clear();
    pending_bytes_ = 0;
  }
  count_waiting();
  events_.closed();
}

void NodeChannel::send(std::uint64_t session, const NodeMessage& message) {
  std::string bytes = bytes_of(message);
  {
    const std::lock_guard lock(mutex_);
    if (session == 0 || session != session_) return;
    pending_bytes_ += bytes.size();
    waiting_bytes_.fetch_add(bytes.size(), std::memory_order_relaxed);
    pending_.push_back(std::move(bytes));
    if (std::exchange(flushes_, true)) return;
  }
  options_.loop.post_lazily([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->flush();
  });
}

void NodeChannel::flush() {
  std::vector<std::string> messages;
  {
    const std::lock_guard lock(mutex_);
    flushes_ = false;
    messages = std::exchange(pending_, {});
    pending_bytes_ = 0;
  }
  const TimePoint now = options_.clock.now();
  for (const std::string& message : messages) {
    // The link closes if too much waits: then the rest is of a session that ended.
    if (!link_.is_open()) break;
    link_.send(message, now);
  }
  link_.flush(now);
  count_waiting();
}

void NodeChannel::count_waiting() {
  const std::lock_guard lock(mutex_);
  waiting_bytes_.store(pending_bytes_ + link_.unconfirmed_bytes(), std::memory_order_relaxed);
}

void NodeChannel::receive(std::string_view frame) {
  link_.receive(frame, options_.clock.now());
  count_waiting();
}

void NodeChannel::tick() {
  link_.tick(options_.clock.now());
  count_waiting();
}

}  // namespace gridloom::hub
