// The whole platform without threads or time: what a transcript is played on. (The archive has its
// threads; whoever reads waits for them, and nobody else does.)
//
// Loops are queues that drain() empties one after another; the clock stands still but for
// advance(). Connections to the doors are Ends: their bytes move in drain() too, handed over as
// they are or through real sockets. So a run is the same each time, and nothing is left to happen
// when drain() returns. Ownership: a Stage owns platform and loops, Ends belong to whoever made
// them and go before it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fault_order.h"
#include "base/loop.h"
#include "base/result.h"
#include "catalog/family.h"
#include "history/archive.h"
#include "history/instant_journal.h"
#include "http/api.h"
#include "hub/hub.h"
#include "mqtt/connection.h"
#include "mqtt/session_store.h"
#include "mqtt/session_table.h"
#include "net/io_loop.h"
#include "net/listener.h"
#include "net/protocol.h"
#include "registry/registry.h"
#include "transcripts/door.h"
#include "transcripts/quick_folder.h"
#include "wire/mqtt/protocol.h"

namespace gridloom::transcripts {

// Moved by one thread.
class HandClock final : public Clock {
 public:
  explicit HandClock(TimePoint start) : now_ms_(unix_ms(start)) {}
  [[nodiscard]] TimePoint now() const override { return TimePoint(Millis(now_ms_.load())); }
  void advance(Millis span) { now_ms_ += span.count(); }

 private:
  std::atomic<std::int64_t> now_ms_;
};

enum class Wire : std::uint8_t { kDirect, kSocket };

// How a run differs from others of the same transcript. None of it may show.
struct Variant {
  std::size_t shards = 1;
  wire::mqtt::Version version = wire::mqtt::Version::k311;
  std::size_t piece_bytes = 65'536;  // what clients send at once
  Wire wire = Wire::kDirect;
  bool restarts = false;  // of the server, wherever nobody waits for an answer
};

class Stage;

// Whether the platform suffers a fault of that name, instead of virtual devices.
[[nodiscard]] bool is_platform_fault(std::string_view name);

// The client's end of a connection to a door.
class End {
 public:
  explicit End(Stage& stage);
  End(const End&) = delete;
  End& operator=(const End&) = delete;
  virtual ~End();

  // Takes what the server has sent, if anything, and answers it. False: there was nothing.
  bool pump();
  void tick(TimePoint now);
  [[nodiscard]] int socket() const { return socket_; }
  // The server ended it.
  [[nodiscard]] bool is_over() const { return is_over_; }

 protected:
  void connect(Door door);
  void send(std::string_view bytes);
  virtual void received(std::string_view bytes) = 0;

  [[nodiscard]] Stage& stage() { return stage_; }

 private:
  void hang_up();

  Stage& stage_;
  std::size_t loop_;
  std::shared_ptr<net::Protocol> protocol_;  // kDirect
  int socket_ = -1;                          // kSocket
  bool is_over_ = false;
};

class Stage {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Stage>> open(
      std::shared_ptr<const catalog::Catalog> catalog, const Variant& variant, TimePoint start);
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage();

  // Stops the server and starts it again with what is on disk. There is no End meanwhile.
  [[nodiscard]] Status restart();

  // Until nothing more happens.
  void drain();
  // In such steps: the hub's and the connections' timers run, then `on_step`.
  struct Steps {
    Millis span{0};
    Millis step{1000};
  };
  void advance(const Steps& steps, const std::function<void()>& on_step);

  // What is wrong with the platform itself from now on (hub/misdeeds.h), in place of what was
  // before and through restarts: of all orders in force those whose names it knows
  // (is_platform_fault).
  void set_faults(const std::vector<FaultOrder>& orders);
  // Whether there are any of those.
  [[nodiscard]] bool misbehaves() const { return platform_->misdeeds.any(); }

  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] const Variant& variant() const { return variant_; }
  [[nodiscard]] registry::Registry& registry() { return *registry_; }
  [[nodiscard]] const catalog::Catalog& catalog() const { return *catalog_; }

 private:
  friend class End;
  // How many bytes and connections are between the sockets of both sides: none, when all is quiet.
  struct Traffic {
    std::size_t to_server = 0;
    std::size_t from_server = 0;
    std::size_t open = 0;  // at the server
  };
  class Counted;

  Stage(const Variant& variant, TimePoint start) : variant_(variant), clock_(start) {}
  [[nodiscard]] Status start();
  [[nodiscard]] Status open_doors();
  [[nodiscard]] catalog::FamilyPtr family_of(std::int64_t number) const;
  [[nodiscard]] net::MakeProtocol protocol_of(Door door);
  [[nodiscard]] bool quiet() const;
  bool pump_ends();

  Variant variant_;
  HandClock clock_;
  std::shared_ptr<const catalog::Catalog> catalog_;
  QuickFolder folder_;
  std::vector<FaultOrder> faults_;
  std::vector<std::unique_ptr<net::IoLoop>> loops_;
  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<mqtt::SessionStore> store_;
  std::unique_ptr<history::Archive> archive_;
  std::unique_ptr<history::InstantJournal> journal_;
  std::unique_ptr<hub::Platform> platform_;
  std::unique_ptr<hub::Hub> hub_;
  std::unique_ptr<mqtt::SessionTable> sessions_;
  mqtt::Door mqtt_door_;
  std::vector<std::unique_ptr<http::Api>> apis_;  // by loop
  std::map<Door, net::MakeProtocol> doors_;
  std::map<Door, std::unique_ptr<net::Listener>> listeners_;  // kSocket
  std::vector<End*> ends_;
  std::size_t next_loop_ = 0;
  Traffic server_;  // as its protocols see it
  Traffic ends_traffic_;
};

}  // namespace gridloom::transcripts
