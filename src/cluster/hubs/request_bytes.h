// Requests and replies (hub/platform/requests.h) as bytes, for a shard in another place. Both begin
// with the version of the format; a node refuses versions that it does not know. Pure but for the
// clients' numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "hub/clients/client.h"
#include "hub/platform/requests.h"

namespace gridloom::hub {

// The numbers of clients in requests that are bytes.
//
// Thread rule: any thread.
class ClientBook {
 public:
  // The client's number from now on, until it is destroyed; never 0.
  [[nodiscard]] std::uint64_t number_of(const ClientPtr& client);
  // Null: no client has the number (any more).
  [[nodiscard]] ClientPtr find(std::uint64_t number) const;

 private:
  struct Known {
    std::uint64_t number = 0;
    std::weak_ptr<Client> client;
  };
  void purge();

  mutable std::mutex mutex_;
  std::unordered_map<const Client*, Known> by_client_;
  std::unordered_map<std::uint64_t, std::weak_ptr<Client>> by_number_;
  std::uint64_t last_number_ = 0;
  std::size_t purge_at_ = 0;
};

// When a message expires is a time of the steady clock (Platform), of which each node has one of
// its own: `steady_to_wall` is what it lacks of the system's time, by which the bytes name the
// moment.

[[nodiscard]] std::string bytes_of(const Request& request, ClientBook& clients,
                                   Millis steady_to_wall = {});
// kMalformed: these are not the bytes of a request. kNotFound: its client is gone.
using FindClient = std::function<ClientPtr(std::uint64_t number)>;
[[nodiscard]] Result<Request> request_in(std::string_view bytes, const FindClient& find,
                                         Millis steady_to_wall = {});
[[nodiscard]] Result<Request> request_in(std::string_view bytes, const ClientBook& clients);

// The arguments of Client::deliver().
struct Delivered {
  std::vector<Delivery> deliveries;
  std::vector<Ack> acks;
};
[[nodiscard]] std::string bytes_of(const Delivered& delivered, Millis steady_to_wall);
// kMalformed: these are not the bytes of such.
[[nodiscard]] Result<Delivered> delivered_in(std::string_view bytes, Millis steady_to_wall);

[[nodiscard]] std::string bytes_of(const Reply& reply);
// kMalformed: these are not the bytes of a reply.
[[nodiscard]] Result<Reply> reply_in(std::string_view bytes);

}  // namespace gridloom::hub
