#include "hub/shard_set.h"

#include <algorithm>
#include <mutex>
#include <utility>
#include <variant>

namespace gridloom::hub {
namespace {

// The effort that a shard spends on its inbox before its loop serves connections again.
constexpr std::int64_t kEffortAtOnce = 512;

}  // namespace

ShardSet::ShardSet(Platform& platform, const std::vector<Loop*>& loops, RequestPath path)
    : local_(loops.size()), path_(std::move(path)) {
  const auto reply = [this](Reply reply) {
    replies_.take(path_.reply ? path_.reply(std::move(reply)) : std::move(reply));
  };
  workers_.reserve(loops.size());
  for (Loop* loop : loops) {
    const auto mine = [this, index = workers_.size()](std::string_view sn) {
      return index_of(sn) == index;
    };
    const auto post = [this, index = workers_.size()](std::move_only_function<void(Shard&)> task) {
      post_to(*workers_[index], std::move(task));
    };
    workers_.push_back(std::make_unique<Worker>(*loop, platform, mine, post, reply));
  }
}

std::vector<Loop*> ShardSet::loops() const {
  std::vector<Loop*> loops;
  loops.reserve(workers_.size());
  for (const auto& worker : workers_) loops.push_back(&worker->loop);
  return loops;
}

void ShardSet::send_here(std::size_t index, Request request) {
  if (path_.request) request = path_.request(std::move(request));
  Worker& worker = *workers_[index];
  worker.loop.post(
      [&worker, request = std::move(request)]() mutable { take(worker, std::move(request)); });
}

void ShardSet::send(std::size_t index, Request request) {
  if (remote_ == nullptr) return send_here(index, std::move(request));
  const std::shared_lock lock(moving_);
  if (index < size() && !has_moved(request)) return send_here(index, std::move(request));
  remote_->send(std::move(request), std::nullopt);
}

// A partition may have gone since the place was asked for.
bool ShardSet::has_moved(const Request& request) const {
  const auto* publish = std::get_if<Publish>(&request.action);
  return publish != nullptr &&
         std::ranges::any_of(publish->publications, [this](const Inbound& each) {
           return is_elsewhere(partition_of(each.sn));
         });
}

void ShardSet::send_to(Partition partition, Request request) {
  if (remote_ == nullptr) return send_here(local_.place_of(partition), std::move(request));
  const std::shared_lock lock(moving_);
  remote_->note(request, partition);
  if (is_elsewhere(partition)) return remote_->send(std::move(request), partition);
  send_here(local_.place_of(partition), std::move(request));
}

void ShardSet::send_to_all(registry::AccountId account, const Request::Action& action,
                           ReplyId reply) {
  if (remote_ != nullptr) {
    const Request request{.account = account, .reply = reply, .action = action};
    remote_->note(request, std::nullopt);
    remote_->send_to_all(request);
  }
  for (std::size_t i = 0; i < size(); ++i) {
    send_here(i, {.account = account, .reply = reply, .action = action});
  }
}

void ShardSet::update_elsewhere(Partition partition, const std::function<bool()>& elsewhere) {
  const std::unique_lock lock(moving_);
  elsewhere_[number_of(partition)].store(elsewhere(), std::memory_order_relaxed);
}

void ShardSet::post(std::size_t index, std::move_only_function<void(Shard&)> task) {
  post_to(*workers_[index], std::move(task));
}

void ShardSet::post_to_all(const std::function<void(Shard&)>& task) {
  for (std::size_t i = 0; i < size(); ++i) post(i, task);
}

void ShardSet::post_to(Worker& worker, std::move_only_function<void(Shard&)> task) {
  worker.loop.post([&worker, task = std::move(task)]() mutable {
    task(worker.shard);
    flush_later(worker);
    work_later(worker);
  });
}

void ShardSet::take(Worker& worker, Request request) {
  const registry::AccountId account = request.account;
  auto step = [&shard = worker.shard, request = std::move(request),
               done = std::size_t{0}]() mutable -> Inbox::Step {
    const std::int64_t before = shard.effort();
    const bool more = shard.execute(request, done);
    return {.effort = 1 + shard.effort() - before, .more = more};
  };
  if (account == registry::AccountId{}) {
    while (step().more) {
    }
    flush_later(worker);
  } else {
    worker.inbox.add(account, std::move(step));
  }
  work_later(worker);
}

// Posted behind the tasks that are waiting already: deliveries of many tasks then leave together.
void ShardSet::flush_later(Worker& worker) {
  if (!worker.shard.has_output() || std::exchange(worker.flushes, true)) return;
  worker.loop.post([&worker] {
    worker.flushes = false;
    worker.shard.flush();
  });
}

// Posted behind the tasks that are waiting already, so that all accounts with work are queued
// first.
void ShardSet::work_later(Worker& worker) {
  if (worker.inbox.empty() || worker.shard.is_ahead_of_loops() ||
      std::exchange(worker.works, true)) {
    return;
  }
  worker.loop.post([&worker] {
    worker.works = false;
    worker.inbox.work(kEffortAtOnce);
    worker.shard.flush();
    work_later(worker);
  });
}

void ShardSet::leave(Partition partition, Task left) {
  Worker& worker = worker_of(partition);
  while (!worker.inbox.empty()) worker.inbox.work(kEffortAtOnce);
  worker.shard.leave(partition, std::move(left));
  worker.shard.flush();
}

bool ShardSet::takes_report(const Client& client) const {
  const Identity& who = client.identity();
  if (who.role != Role::kDevice || path_.request) return false;
  const Partition partition = partition_of(who.name);
  if (is_elsewhere(partition)) return false;
  const Worker& worker = worker_of(partition);
  // Posts of others from before the device's publication come first: a subscriber that has its
  // acknowledgement gets every later report.
  return &worker.loop == &client.loop() && !worker.loop.has_posted() && client.is_settled() &&
         worker.inbox.is_idle(who.account) && worker.shard.publications().takes_report(client);
}

void ShardSet::report(const ClientPtr& client, std::string_view payload,
                      const PublishOptions& options) {
  Worker& worker = worker_of(partition_of(client->identity().name));
  const std::int64_t before = worker.shard.effort();
  worker.shard.publications().report(client, payload, options);
  worker.inbox.charge(client->identity().account, worker.shard.effort() - before);
  flush_later(worker);
}

}  // namespace gridloom::hub
