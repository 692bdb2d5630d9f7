// Virtual devices on the network: MQTT clients, like real devices, that know nothing of the server
// but its address. Each has its own connection, or many share the connections of a gateway.
//
// Thread rules: the devices and their connections live on the given loop; functions are called on
// that loop unless stated otherwise. The fleet is created and destroyed while the loop does not
// run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fault_rule.h"
#include "base/latencies.h"
#include "base/secret.h"
#include "base/virtual_clock.h"
#include "catalog/family.h"
#include "client/mqtt_link.h"
#include "client/stream.h"
#include "net/io_loop.h"
#include "sim/home.h"
#include "sim/resume.h"
#include "sim/site.h"
#include "sim/world.h"
#include "wire/json.h"

namespace gridloom::sim {

struct Member {
  catalog::FamilyPtr family;
  std::string sn;
  Secret key;                         // unused behind a gateway
  std::optional<std::size_t> site{};  // of Fleet::Options::sites; nothing: it shares none
  catalog::Plug plug = catalog::Plug::kCircuit;
  Setup setup{};
  // How the device was left; null: it starts anew. A fleet that resumes the device empties it,
  // because the states of many devices take more memory than the devices.
  std::shared_ptr<LastState> last{};
};

struct Gateway {
  std::string account;  // the account's name
  Secret key;
  std::size_t connections = 1;  // shared by the devices
};

class Fleet {
 public:
  struct Options {
    client::Peer server;
    client::TlsClient tls{};  // null: plain TCP
    std::optional<Gateway> gateway{};
    double sign_ins_per_second = 0;  // limit; 0: as many as the server answers
    World::Options world{};          // of the members that share no site
    std::vector<SiteOptions> sites{};
    // Stores LastState::unreported durably. Called on the fleet's loop, and when the fleet ends;
    // empty: it is not stored.
    std::function<void(const std::string& sn, const wire::JsonObject& unreported)> keep{};
    const Clock* clock = nullptr;
    // If set, the devices follow virtual time. Time waits for each device to connect, and after
    // each step until the server has acknowledged all messages, so that a report without a
    // timestamp of its own arrives at its virtual time. Devices whose reports have a timestamp may
    // have some reports in flight.
    VirtualClock* time = nullptr;
    // With virtual time: the devices live their past, in which all reports have a timestamp. Until
    // `sparse_until` reports are this far apart at least, however short the steps. A device that
    // has reported later than now stands still until that moment: in a past that ended early it
    // came further than others.
    struct Past {
      Millis apart{0};
      TimePoint sparse_until{};
    };
    std::optional<Past> past{};
    net::IoLoop* loop = nullptr;
  };
  Fleet(const Options& options, const std::vector<Member>& members);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  // Any thread, once. From now on devices connect by themselves, and reconnect after a loss.
  void start();
  // Steps the devices that are due. Call it a few times a second.
  void tick();
  // Sets the fault rules that apply from now on, in place of the previous ones.
  void set_faults(std::vector<FaultRule> rules);

  struct Counts {
    std::uint64_t connections = 0;
    std::uint64_t online = 0;   // of the connections: signed in now
    std::uint64_t refused = 0;  // of the connections: the server does not know the key
    std::uint64_t arrived = 0;  // of the connections: once online, refused or cut off by faults
    std::uint64_t losses = 0;   // established connections that were lost
    std::uint64_t devices = 0;
    std::uint64_t steps = 0;
    std::uint64_t sent = 0;  // messages published
    std::uint64_t acknowledged = 0;
    std::uint64_t sets = 0;  // received
    std::uint64_t bytes = 0;
    Latencies latencies;     // from publishing a message to its acknowledgement
    std::string last_error;  // why a connection was last lost, or could not be made

    void merge(const Counts& other);
  };
  [[nodiscard]] Counts counts() const;

 private:
  class SimulatedDevice;
  class DeviceLink;

  [[nodiscard]] client::MqttLink::Options link_options();
  void add_links(const std::vector<Member>& members);
  void add_gateway_links(const Gateway& gateway);
  void step(Site& site, TimePoint now);
  void tick_later();
  void tend_connections();
  void apply_faults();
  void connect_more();
  void connect_later();
  [[nodiscard]] bool waits_for_server() const;

  Options options_;
  std::vector<FaultRule> rules_;
  bool has_faults_ = false;            // some device may have a fault
  bool has_meters_ = false;            // some device reads a meter
  std::vector<DeviceLink*> sleepers_;  // links of devices that are off without sun
  std::vector<char> buffer_;
  std::vector<std::unique_ptr<Site>> sites_;  // those of Options, then one for each other member
  std::vector<std::unique_ptr<SimulatedDevice>> devices_;
  std::vector<std::unique_ptr<DeviceLink>> device_links_;
  std::deque<DeviceLink*> to_open_;
  std::size_t opening_ = 0;
  double sign_ins_left_ = 0;
  std::optional<client::Moment> ticked_;  // last tick of a started fleet
  bool ticks_later_ = false;
  bool connects_later_ = false;
  Counts counts_;
};

}  // namespace gridloom::sim
