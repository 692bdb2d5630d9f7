// The subscriptions of one shard, and the search for those that match a topic.
//
// Each scope (an account's certificate, a device, a gateway: Identity::name) has its own filters:
// those without wildcards in a hash by topic, those with wildcards in a trie by topic level. A
// shared group is found by its whole filter ($share/<group>/<filter>) and is attached where its
// filter ends. So a match costs the levels of the topic and the number of matches; and subscribing,
// ending or rebinding a client costs its own filters, however many others there are.
//
// Invariant: a place of the hash or the trie exists exactly while a subscription is there or below
// it. Belongs to a shard and is used on its loop only. Not here: rights, delivery.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/string_map.h"
#include "hub/clients/client.h"

namespace gridloom::hub {

struct Subscription {
  std::string filter;  // including $share/<group>/...
  wire::mqtt::Qos qos = wire::mqtt::Qos::kAtMostOnce;
  std::uint32_t id = 0;  // MQTT 5 subscription identifier; 0: none
  bool no_local = false;
  bool retain_as_published = false;
  bool send_retained = true;
};

struct Subscriber {
  ClientPtr client;
  Subscription subscription;
};

class SubscriptionTable {
 public:
  struct Scope;
  struct Group;

  SubscriptionTable();
  ~SubscriptionTable();
  SubscriptionTable(const SubscriptionTable&) = delete;
  SubscriptionTable& operator=(const SubscriptionTable&) = delete;

  // Replaces the client's subscription with the same filter. The filter must be valid.
  void subscribe(const ClientPtr& client, const Subscription& subscription);
  void unsubscribe(const Client& client, std::string_view filter);
  // Removes up to `most` subscriptions of a client whose session ended; returns how many were
  // removed.
  std::size_t remove(const Client& client, std::size_t most = SIZE_MAX);
  void rebind(const Client& old, const ClientPtr& fresh);

  // Null: the scope has no subscription. Valid until the next change.
  [[nodiscard]] const Scope* find(std::string_view scope) const;

  // The order depends only on the calls: subscriptions without wildcards, then those with
  // wildcards, each in the order of subscribe(); groups in the order of their first members.
  struct Match {
    std::vector<const Subscriber*> subscribers;
    std::vector<Group*> groups;
  };
  // Valid until the next call.
  [[nodiscard]] const Match& match(const Scope& scope, std::string_view topic);

  // The member that gets the next message: in turn among those that are connected; if none is, one
  // of the others, for which the message waits.
  [[nodiscard]] const Subscriber& next_member(Group& group);
  // The group with this whole filter; null: it has no member.
  [[nodiscard]] Group* find_group(std::string_view scope, std::string_view filter);

  [[nodiscard]] static const wire::mqtt::SharePtr& share_of(const Group& group);

  // Grows with each change: what find() and match() returned is valid while it stays the same.
  [[nodiscard]] std::uint64_t version() const { return version_; }

  // Places, subscriptions and members examined so far.
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  [[nodiscard]] bool empty() const { return scopes_.empty() && clients_.empty(); }

 private:
  struct Entry;
  struct FilterNode;
  struct Node;
  // By filter, which is a view into the entry.
  using OfClient = std::unordered_map<std::string_view, std::unique_ptr<Entry>>;

  [[nodiscard]] static FilterNode& place_of(Scope& scope, std::string_view filter);
  void take_out(Entry& entry);
  static void leave_group(Scope& scope, Group& group);
  static void prune(Scope& scope, FilterNode& place);
  void collect(const FilterNode& place);

  StringMap<std::unique_ptr<Scope>> scopes_;
  std::unordered_map<const Client*, OfClient> clients_;
  std::uint64_t last_number_ = 0;
  std::uint64_t version_ = 1;
  std::uint64_t steps_ = 0;
  // Result and buffers of match().
  Match match_;
  std::vector<const Entry*> found_;
  std::vector<const Node*> at_;
  std::vector<const Node*> next_;
};

}  // namespace gridloom::hub
