#include "database/registry/changes.h"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <string_view>
#include <vector>

#include "database/registry/store.h"

namespace gridloom::registry {

using postgres::Connection;
using postgres::Notification;

void PostgresChanges::start(std::function<Status()> catch_up) {
  catch_up_ = std::move(catch_up);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void PostgresChanges::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    // The reason of a failure is the store's to tell, which meets it as well.
    (void)listen(stop);
    stopped.wait_for(lock, stop, pause_.next(), [&stop] { return stop.stop_requested(); });
  }
}

Status PostgresChanges::listen(const std::stop_token& stop) {
  GL_TRY(Connection connection, Connection::open(options_.settings, {.stop = stop}));
  GL_TRY(connection.run("LISTEN " + channel_of(connection.schema())));
  // Whatever was changed while nobody listened.
  bool is_behind = true;
  while (!stop.stop_requested()) {
    if (is_behind) is_behind = !catch_up_();
    if (!is_behind) pause_.reset();
    GL_TRY(const std::vector<Notification> heard,
           connection.wait_for_notifications(is_behind ? pause_.next() : options_.check_every));
    is_behind = is_behind || heard.empty() ||
                std::ranges::any_of(heard, [this](const Notification& n) { return is_news(n); });
  }
  return {};
}

bool PostgresChanges::is_news(const Notification& notification) const {
  const std::string_view text = notification.payload;
  std::int64_t change = 0;
  std::from_chars(text.data(), text.data() + text.size(), change);
  return change > *options_.seen_change;
}

}  // namespace gridloom::registry
