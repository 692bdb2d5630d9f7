// Calls from a part of a server to its like in the server that has a partition, in words of their
// own (Call in hub/platform/requests.h), and their answers.
//
// Thread rule: any thread, unless a comment says otherwise.
#pragma once

#include <string>
#include <utility>

#include "base/partition.h"
#include "hub/platform/pending_replies.h"
#include "hub/platform/platform.h"
#include "hub/platform/requests.h"
#include "hub/shard_set.h"

namespace gridloom::hub {

class Calls {
 public:
  // As Hub::calls() makes it.
  Calls(Platform& platform, ShardSet& shards) : platform_(platform), shards_(shards) {}

  // Whether this server has the partition.
  [[nodiscard]] bool is_here(Partition partition) const { return !shards_.is_elsewhere(partition); }
  // Asks the service of the call's name, which answers with a text. kNoAnswer as for a set.
  // kNotFound: that server has no such service.
  void ask(registry::AccountId account, Call call, ReplyTo<DeviceAnswer> reply_to) {
    const Partition partition = call.partition;
    shards_.send_to(partition, {.account = account,
                                .reply = shards_.replies().add(std::move(reply_to)),
                                .action = std::move(call)});
  }
  // Calls of this name are answered by `service` from now on; empty: by nobody. While no loop
  // turns.
  void answer_by(const std::string& name, Service service) {
    platform_.services.erase(name);
    if (service) platform_.services.emplace(name, std::move(service));
  }

 private:
  Platform& platform_;
  ShardSet& shards_;
};

}  // namespace gridloom::hub
