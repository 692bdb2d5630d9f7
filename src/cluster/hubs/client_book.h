// The numbers of clients in requests that are bytes.
//
// Thread rule: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "hub/clients/client.h"

namespace gridloom::hub {

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

}  // namespace gridloom::hub
