#include "hub/clients/subscription_table.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "hub/clients/topic_rights.h"
#include "wire/mqtt/topic.h"

namespace gridloom::hub {
namespace {

// The filter that topics are matched with: for a shared subscription, the part after the group.
std::string_view matched_part(std::string_view filter) {
  const auto shared = wire::mqtt::shared_parts(filter);
  return shared ? shared->filter : filter;
}

// Removes the first level from `rest`.
std::string_view take_level(std::string_view& rest, bool& last) {
  const std::size_t slash = rest.find('/');
  last = slash == std::string_view::npos;
  const std::string_view level = rest.substr(0, slash);
  rest.remove_prefix(last ? rest.size() : slash + 1);
  return level;
}

// Removes items[index]; the last item moves there, and its `index` is updated.
template <typename T>
void take_from(std::vector<T*>& items, std::size_t index) {
  items[index] = items.back();
  items[index]->index = index;
  items.pop_back();
}

template <typename T>
void put_into(std::vector<T*>& items, T& item) {
  item.index = items.size();
  items.push_back(&item);
}

}  // namespace

struct SubscriptionTable::Entry {
  Subscriber subscriber;
  std::uint64_t number = 0;
  Scope* scope = nullptr;
  FilterNode* place = nullptr;
  Group* group = nullptr;  // of a shared subscription
  std::size_t index = 0;   // in the place's entries, or the group's members
};

struct SubscriptionTable::Group {
  wire::mqtt::SharePtr filter{};  // the whole filter
  std::uint64_t number = 0;
  FilterNode* place = nullptr;
  std::size_t index = 0;  // in the place's groups
  std::vector<Entry*> members{};
  std::size_t next = 0;
};

// The position in the hash or the trie where a filter ends.
struct SubscriptionTable::FilterNode {
  std::vector<Entry*> entries;
  std::vector<Group*> groups;
  Node* node = nullptr;    // if it is in the trie
  std::string_view topic;  // otherwise: the key in the hash

  [[nodiscard]] bool empty() const { return entries.empty() && groups.empty(); }
};

// A topic level of filters with wildcards; + and # are levels with these names.
struct SubscriptionTable::Node {
  Node* parent = nullptr;
  std::string_view level;  // the key in the parent's children
  FilterNode place;
  StringMap<std::unique_ptr<Node>> children;

  [[nodiscard]] const Node* child(std::string_view name) const {
    const auto found = children.find(name);
    return found == children.end() ? nullptr : found->second.get();
  }
};

struct SubscriptionTable::Scope {
  std::string_view name;  // the key in scopes_
  std::size_t entries = 0;
  StringMap<FilterNode> exact;  // by topic
  Node wild;
  StringMap<Group> groups;  // by whole filter
};

SubscriptionTable::SubscriptionTable() = default;
SubscriptionTable::~SubscriptionTable() = default;

SubscriptionTable::FilterNode& SubscriptionTable::place_of(Scope& scope, std::string_view filter) {
  if (!has_wildcard(filter)) {
    const auto [found, fresh] = scope.exact.try_emplace(std::string(filter));
    if (fresh) found->second.topic = found->first;
    return found->second;
  }
  Node* node = &scope.wild;
  for (bool last = false; !last;) {
    const std::string_view level = take_level(filter, last);
    auto found = node->children.find(level);
    if (found == node->children.end()) {
      found = node->children.emplace(std::string(level), std::make_unique<Node>()).first;
      found->second->parent = node;
      found->second->level = found->first;
    }
    node = found->second.get();
  }
  node->place.node = node;
  return node->place;
}

void SubscriptionTable::subscribe(const ClientPtr& client, const Subscription& subscription) {
  unsubscribe(*client, subscription.filter);
  const std::string& name = client->identity().name;
  const auto [found, fresh] = scopes_.try_emplace(name);
  if (fresh) {
    found->second = std::make_unique<Scope>();
    found->second->name = found->first;
  }
  Scope& scope = *found->second;
  ++steps_;
  ++version_;
  ++scope.entries;
  auto entry =
      std::make_unique<Entry>(Entry{.subscriber = {.client = client, .subscription = subscription},
                                    .number = ++last_number_,
                                    .scope = &scope,
                                    .place = &place_of(scope, matched_part(subscription.filter))});
  if (wire::mqtt::shared_parts(subscription.filter)) {
    const auto [group, is_new] = scope.groups.try_emplace(subscription.filter);
    if (is_new) {
      group->second.filter = std::make_shared<const std::string>(group->first);
      group->second.number = entry->number;
      group->second.place = entry->place;
      put_into(entry->place->groups, group->second);
    }
    entry->group = &group->second;
    put_into(group->second.members, *entry);
  } else {
    put_into(entry->place->entries, *entry);
  }
  const std::string_view key = entry->subscriber.subscription.filter;
  clients_[client.get()].emplace(key, std::move(entry));
}

void SubscriptionTable::unsubscribe(const Client& client, std::string_view filter) {
  const auto of_client = clients_.find(&client);
  if (of_client == clients_.end()) return;
  const auto found = of_client->second.find(filter);
  if (found == of_client->second.end()) return;
  take_out(*found->second);
  of_client->second.erase(found);
  if (of_client->second.empty()) clients_.erase(of_client);
}

std::size_t SubscriptionTable::remove(const Client& client, std::size_t most) {
  const auto of_client = clients_.find(&client);
  if (of_client == clients_.end()) return 0;
  OfClient& entries = of_client->second;
  std::size_t removed = 0;
  for (auto entry = entries.begin(); entry != entries.end() && removed < most; ++removed) {
    take_out(*entry->second);
    entry = entries.erase(entry);
  }
  if (entries.empty()) clients_.erase(of_client);
  return removed;
}

void SubscriptionTable::rebind(const Client& old, const ClientPtr& fresh) {
  auto of_old = clients_.extract(&old);
  if (of_old.empty()) return;
  ++version_;
  for (const auto& [filter, entry] : of_old.mapped()) {
    ++steps_;
    entry->subscriber.client = fresh;
  }
  OfClient& of_fresh = clients_[fresh.get()];
  of_fresh.merge(of_old.mapped());
  // Subscriptions of `fresh` to the same filters stay, and replace those of `old`.
  for (const auto& [filter, entry] : of_old.mapped()) take_out(*entry);
}

// The caller destroys the entry.
void SubscriptionTable::take_out(Entry& entry) {
  ++steps_;
  ++version_;
  Scope& scope = *entry.scope;
  FilterNode& place = *entry.place;
  if (entry.group == nullptr) {
    take_from(place.entries, entry.index);
  } else {
    take_from(entry.group->members, entry.index);
    if (entry.group->members.empty()) leave_group(scope, *entry.group);
  }
  prune(scope, place);
  if (--scope.entries == 0) scopes_.erase(scopes_.find(scope.name));
}

void SubscriptionTable::leave_group(Scope& scope, Group& group) {
  take_from(group.place->groups, group.index);
  scope.groups.erase(scope.groups.find(*group.filter));
}

void SubscriptionTable::prune(Scope& scope, FilterNode& place) {
  if (!place.empty()) return;
  if (place.node == nullptr) {
    scope.exact.erase(scope.exact.find(place.topic));
    return;
  }
  Node* node = place.node;
  while (node->parent != nullptr && node->children.empty() && node->place.empty()) {
    Node* const parent = node->parent;
    parent->children.erase(parent->children.find(node->level));
    node = parent;
  }
}

const SubscriptionTable::Scope* SubscriptionTable::find(std::string_view scope) const {
  const auto found = scopes_.find(scope);
  return found == scopes_.end() ? nullptr : found->second.get();
}

void SubscriptionTable::collect(const FilterNode& place) {
  steps_ += place.entries.size() + place.groups.size();
  found_.insert(found_.end(), place.entries.begin(), place.entries.end());
  match_.groups.insert(match_.groups.end(), place.groups.begin(), place.groups.end());
}

const SubscriptionTable::Match& SubscriptionTable::match(const Scope& scope,
                                                         std::string_view topic) {
  match_.subscribers.clear();
  match_.groups.clear();
  found_.clear();
  if (const auto exact = scope.exact.find(topic); exact != scope.exact.end()) {
    collect(exact->second);
  }
  std::ranges::sort(found_, {}, &Entry::number);
  const std::size_t wild_from = found_.size();
  if (!scope.wild.children.empty()) {
    // Matches the topic level by level, in all branches that have matched so far.
    at_.assign(1, &scope.wild);
    const bool hidden = topic.starts_with('$');  // from a wildcard in the first level
    bool first = true;
    for (bool last = false; !last && !at_.empty(); first = false) {
      const std::string_view level = take_level(topic, last);
      next_.clear();
      for (const Node* node : at_) {
        ++steps_;
        if (const Node* same = node->child(level)) next_.push_back(same);
        if (first && hidden) continue;
        if (const Node* any = node->child("+")) next_.push_back(any);
        if (const Node* rest = node->child("#")) collect(rest->place);
      }
      at_.swap(next_);
    }
    for (const Node* node : at_) {
      ++steps_;
      collect(node->place);
      if (const Node* rest = node->child("#")) collect(rest->place);
    }
    std::ranges::sort(found_.begin() + static_cast<std::ptrdiff_t>(wild_from), found_.end(), {},
                      &Entry::number);
  }
  if (match_.groups.size() > 1) std::ranges::sort(match_.groups, {}, &Group::number);
  for (const Entry* entry : found_) match_.subscribers.push_back(&entry->subscriber);
  return match_;
}

const Subscriber& SubscriptionTable::next_member(Group& group) {
  const std::size_t count = group.members.size();
  for (std::size_t i = 0; i < count; ++i) {
    ++steps_;
    const std::size_t index = (group.next + i) % count;
    if (!group.members[index]->subscriber.client->present()) continue;
    group.next = index + 1;
    return group.members[index]->subscriber;
  }
  return group.members[group.next++ % count]->subscriber;
}

SubscriptionTable::Group* SubscriptionTable::find_group(std::string_view scope,
                                                        std::string_view filter) {
  const auto found = scopes_.find(scope);
  if (found == scopes_.end()) return nullptr;
  const auto group = found->second->groups.find(filter);
  return group == found->second->groups.end() ? nullptr : &group->second;
}

const wire::mqtt::SharePtr& SubscriptionTable::share_of(const Group& group) { return group.filter; }

}  // namespace gridloom::hub
