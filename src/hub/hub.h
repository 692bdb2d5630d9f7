// The hub: everything that knows where a device's twin lives. Doors call it from their own loops;
// it finds the shard, posts there, and what comes back is posted to the loop that asked.
//
// Thread rules: any function from any thread, unless it says otherwise.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/loop.h"
#include "base/result.h"
#include "hub/client.h"
#include "hub/inbox.h"
#include "hub/platform.h"
#include "hub/shard.h"

namespace gridloom::hub {

class Hub {
 public:
  // One shard a loop. The loops outlive the hub; no task of theirs runs after they stop.
  Hub(Platform& platform, const std::vector<Loop*>& loops);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // As the account sees it: connected, unless a misdeed hides it.
  [[nodiscard]] bool online(registry::AccountId account, std::string_view sn) const;

  // Who a user name and password are. kUnknownKey: no such name, or the password is another.
  // Account: its certificate account; device: its serial number; gateway: "gateway:<account name>".
  [[nodiscard]] Result<Identity> sign_in(std::string_view user, const Secret& password) const;

  // Who a user name is, as if it had signed in now: for sessions that outlived the server.
  [[nodiscard]] std::optional<Identity> identity_of(std::string_view user) const;

  // Whether the credential that `who` signed in with is still good (hub/credentials.h).
  [[nodiscard]] bool still_valid(const Identity& who) const;

  // Whether `who` may sign in under this client id. kNoPermission: it used too many today.
  [[nodiscard]] Status admit(const Identity& who, std::string_view client_id);

  // Changes of sessions (hub/session_changes.h), into the journal; `durable`, which may be empty,
  // is called as Journal::append() says, or at once where nothing is kept.
  void record_changes(std::string changes, Task durable) const;

  // What became of a sign-in, for the audit. `who` has an account's own name instead of its
  // certificate account from here on.
  void record_sign_in(const Identity& who, SignIn attempt);
  void record_sign_in(const SignIn& attempt);

  // For the log and the counters.
  void tell(const ClientEvent& event) const;

  // A client's connection is there: a device's is how it is online.
  void connected(const ClientPtr& client);
  // Its connection ended; its subscriptions stay.
  void disconnected(const ClientPtr& client);
  // Its session ended.
  void ended(const ClientPtr& client);
  // What `from` got by shared subscriptions and did not take before its session ended: another
  // member of the group gets it, if there is one. Other deliveries are left out. After ended().
  // `kept_as` is the number that the session was kept under, 0: none; a delivery that has a number
  // is done with in the record by which another session keeps it. `done` is called when all of that
  // is in the log's queue, on any thread.
  void hand_on(const ClientPtr& from, std::int64_t kept_as, std::vector<Delivery> deliveries,
               Task done);
  // `fresh` takes over the subscriptions of `old`. `done` is called on old's loop when everything
  // that was delivered to `old` is there.
  void rebind(const ClientPtr& old, const ClientPtr& fresh, Task done);

  // False: not granted (nothing of another's, no topic outside the platform's).
  [[nodiscard]] bool subscribe(const ClientPtr& client, const Subscription& subscription);
  // The same in two steps, for who has to write between them that it is granted.
  [[nodiscard]] FilterScope grant(const Client& client, std::string_view filter) const;
  void subscribe(const ClientPtr& client, const Subscription& subscription,
                 const FilterScope& granted);
  void unsubscribe(const ClientPtr& client, const std::string& filter);

  // What one read of a connection brought, sorted by shard, so that a busy connection posts once a
  // shard. Lives on the connection's loop.
  class Batch {
   public:
    explicit Batch(Hub& hub) : hub_(hub), by_shard_(hub.shards_.size()) {}
    // False: `client` may not publish to the topic; the reason is for the door to give.
    [[nodiscard]] bool add(const ClientPtr& client, const wire::mqtt::MessagePtr& message,
                           const How& how);
    void post(const ClientPtr& client);

   private:
    Hub& hub_;
    std::vector<std::vector<Inbound>> by_shard_;
  };

  void read_all(registry::AccountId account, std::string sn, Asker<QuotaBody> asker);
  void read(registry::AccountId account, std::string sn, std::vector<std::string> quotas,
            Asker<std::string> asker);
  void set(registry::AccountId account, std::string sn, wire::JsonObject message,
           Asker<std::string> asker);

  // Before anything else: what was retained when the server stopped. False: it is nobody's
  // any more (hub/credentials.h).
  [[nodiscard]] bool restore_retained(const RetainedChange& retained);

  // `taken` is called on each shard's thread with the twins that it has.
  void save_twins(std::function<void(std::vector<SavedTwin>)> taken);
  // Before anything else.
  void restore_twin(SavedTwin saved);

  // Of one client, since it was counted last.
  void count_dropped(const wire::mqtt::Dropped& dropped);

  // The shards' clocks; a few times a second.
  void tick();
  // The platform's misdeeds are others than before.
  void misdeeds_changed();
  // Tells `listening.ear` from now on, until unlisten(), what is said by and to its devices.
  void listen(const Listening& listening);
  // `done` is called, on any thread, once all was told.
  void unlisten(const std::shared_ptr<Ear>& ear, Task done);
  // The registry changed: rights are read anew, sessions whose credentials ended are closed.
  void registry_changed();

  [[nodiscard]] const Platform& platform() const { return platform_; }

 private:
  struct Place {
    std::unique_ptr<Shard> shard;
    Loop* loop = nullptr;
    // Touched on the loop only.
    Inbox inbox{};
    bool works = false;    // a task of the loop will
    bool flushes = false;  // likewise

    void work_later();
    void flush_later();
  };
  [[nodiscard]] std::size_t index_of(std::string_view sn) const;
  [[nodiscard]] std::optional<double> misdoes(Misdeed misdeed, const Identity& who) const;
  // The platform's own tasks; they are done at once.
  template <typename Act>
  void on_shard(std::size_t index, Act act);
  void on_all(const std::function<void(Shard&)>& task);
  // What an account wants; it waits behind what the account wanted before.
  template <typename Act>
  void for_account(registry::AccountId account, std::size_t index, Act act);
  void for_account_on_all(registry::AccountId account, const std::function<void(Shard&)>& task);
  // Which is done in several turns, if it is much.
  void add_to_inbox(registry::AccountId account, std::size_t index, Inbox::Work work);

  Platform& platform_;
  std::vector<Place> shards_;
};

}  // namespace gridloom::hub
