// Executes requests (hub/platform/requests.h) on the parts of one shard, and answers those that are
// to be answered.
//
// Belongs to a shard and is used on its loop only.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "hub/clients/client.h"
#include "hub/clients/inbound.h"
#include "hub/platform/requests.h"
#include "hub/shard/app_requests.h"
#include "hub/shard/device_presence.h"
#include "hub/shard/publications.h"
#include "hub/shard/retained_sender.h"
#include "hub/shard/shard_turn.h"
#include "hub/shard/twin_table.h"
#include "registry/directory.h"

namespace gridloom::hub {

// The cost of a message in addition to its payload, in bytes of credit.
inline constexpr std::size_t kMessageBytes = 256;
// The credit that publications take until their shard has processed them.
[[nodiscard]] std::size_t credit_of(const std::vector<Inbound>& publications);

class RequestExecutor {
 public:
  // The parts of the shard that requests use; they outlive this object.
  struct Parts {
    ShardTurn& turn;
    TwinTable& twins;
    ShardClients& clients;
    DevicePresence& presence;
    RetainedSender& retained;
    Publications& publications;
    AppRequests& requests;
    std::function<void(Reply)> reply;
  };
  explicit RequestExecutor(Parts parts) : parts_(std::move(parts)) {}

  // The directory that credentials are looked up in; comes before any request.
  void use(std::shared_ptr<const registry::Directory> directory);

  // Does what the request asks for, or begins to: true if there is more of it to do, which is what
  // the next call with the same request and `done` is for. `done` is 0 at first.
  [[nodiscard]] bool execute(Request& request, std::size_t& done);

 private:
  // One kind of request each; bool: as execute().
  void execute_at_once(Request& request);
  [[nodiscard]] bool publish(const Publish& request, std::size_t& done);
  [[nodiscard]] DeviceAnswer read_twins(const ReadTwins& request);
  void subscribe(const Subscribe& request);
  void unsubscribe(const Unsubscribe& request);
  void connect(const ClientPtr& client);
  // True: the client has more subscriptions than are removed at once.
  [[nodiscard]] bool end_session(const Client& client);
  void rebind(const Rebind& request);
  void hand_on(const HandOn& request);

  Parts parts_;
  std::shared_ptr<const registry::Directory> directory_;
};

}  // namespace gridloom::hub
