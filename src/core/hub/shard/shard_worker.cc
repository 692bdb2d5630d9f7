#include "hub/shard/shard_worker.h"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace gridloom::hub {
namespace {

// The effort that a shard spends on its inbox before its loop serves connections again.
constexpr std::int64_t kEffortAtOnce = 512;

}  // namespace

ShardWorker::ShardWorker(Platform& platform, Loop& loop, std::function<bool(std::string_view)> mine,
                         std::function<void(Reply)> reply)
    : loop_(loop),
      shard_(
          platform, loop, std::move(mine),
          [this](std::move_only_function<void(Shard&)> task) { post(std::move(task)); },
          std::move(reply)) {}

void ShardWorker::post(std::move_only_function<void(Shard&)> task) {
  loop_.post([this, task = std::move(task)]() mutable {
    task(shard_);
    flush_later();
    work_later();
  });
}

void ShardWorker::send(Request request) {
  loop_.post([this, request = std::move(request)]() mutable { take(std::move(request)); });
}

void ShardWorker::take(Request request) {
  const registry::AccountId account = request.account;
  auto step = [this, request = std::move(request), done = std::size_t{0}]() mutable -> Inbox::Step {
    const std::int64_t before = shard_.effort();
    const bool more = shard_.execute(request, done);
    return {.effort = 1 + shard_.effort() - before, .more = more};
  };
  if (account == registry::AccountId{}) {
    while (step().more) {
    }
    flush_later();
  } else {
    inbox_.add(account, std::move(step));
  }
  work_later();
}

// Posted behind the tasks that are waiting already: deliveries of many tasks then leave together.
void ShardWorker::flush_later() {
  if (!shard_.has_output() || std::exchange(flushes_, true)) return;
  loop_.post([this] {
    flushes_ = false;
    shard_.flush();
  });
}

// Posted behind the tasks that are waiting already, so that all accounts with work are queued
// first.
void ShardWorker::work_later() {
  if (inbox_.empty() || shard_.is_ahead_of_loops() || std::exchange(works_, true)) return;
  loop_.post([this] {
    works_ = false;
    inbox_.work(kEffortAtOnce);
    shard_.flush();
    work_later();
  });
}

void ShardWorker::leave(Partition partition, Task left) {
  while (!inbox_.empty()) inbox_.work(kEffortAtOnce);
  shard_.leave(partition, std::move(left));
  shard_.flush();
}

bool ShardWorker::takes_report(const Client& client) const {
  // What others posted before the device published comes first: a subscriber that was told of its
  // subscription gets every later report.
  return &loop_ == &client.loop() && !loop_.has_posted() && client.is_settled() &&
         inbox_.is_idle(client.identity().account) && shard_.takes_report(client);
}

void ShardWorker::report(const ClientPtr& client, std::string_view payload,
                         const PublishOptions& options) {
  const std::int64_t before = shard_.effort();
  shard_.report(client, payload, options);
  inbox_.charge(client->identity().account, shard_.effort() - before);
  flush_later();
}

}  // namespace gridloom::hub
