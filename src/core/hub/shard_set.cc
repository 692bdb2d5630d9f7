#include "hub/shard_set.h"

#include <algorithm>
#include <mutex>
#include <utility>
#include <variant>

namespace gridloom::hub {

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
    workers_.push_back(std::make_unique<ShardWorker>(platform, *loop, mine, reply));
  }
}

std::vector<Loop*> ShardSet::loops() const {
  std::vector<Loop*> loops;
  loops.reserve(workers_.size());
  for (const auto& worker : workers_) loops.push_back(&worker->loop());
  return loops;
}

void ShardSet::send_here(std::size_t index, Request request) {
  if (path_.request) request = path_.request(std::move(request));
  workers_[index]->send(std::move(request));
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
  workers_[index]->post(std::move(task));
}

void ShardSet::post_to_all(const std::function<void(Shard&)>& task) {
  for (std::size_t i = 0; i < size(); ++i) post(i, task);
}

bool ShardSet::takes_report(const Client& client) const {
  const Identity& who = client.identity();
  if (who.role != Role::kDevice || path_.request) return false;
  const Partition partition = partition_of(who.name);
  return !is_elsewhere(partition) && worker_of(partition).takes_report(client);
}

}  // namespace gridloom::hub
