#include "hub/shard_set.h"

#include <utility>

namespace gridloom::hub {

ShardSet::ShardSet(Platform& platform, const std::vector<Loop*>& loops, RequestPath path)
    : places_(loops.size()), path_(std::move(path)) {
  const auto reply = [this](Reply reply) {
    replies_.take(path_.reply ? path_.reply(std::move(reply)) : std::move(reply));
  };
  for (Loop* loop : loops) {
    const auto mine = [this, index = workers_.size()](std::string_view sn) {
      return index_of(sn) == index;
    };
    workers_.push_back(std::make_unique<ShardWorker>(platform, *loop, mine, reply));
  }
}

void ShardSet::send(std::size_t index, Request request) {
  if (path_.request) request = path_.request(std::move(request));
  workers_[index]->send(std::move(request));
}

void ShardSet::send_to_all(registry::AccountId account, const Request::Action& action,
                           ReplyId reply) {
  for (std::size_t i = 0; i < size(); ++i) {
    send(i, {.account = account, .reply = reply, .action = action});
  }
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
  return worker_of(who.name).takes_report(client);
}

}  // namespace gridloom::hub
