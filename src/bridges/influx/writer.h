// The thread that writes the devices' history to the database: what is new of each device since the
// database acknowledged it last. History is the buffer of an outage: it is on disk, and complete.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/growing_pause.h"
#include "base/result.h"
#include "base/string_map.h"
#include "bridges/core/bridge.h"
#include "bridges/core/waiting.h"
#include "bridges/influx/bridge.h"
#include "bridges/influx/history_lines.h"
#include "bridges/influx/positions.h"
#include "client/http_client.h"

namespace gridloom::bridges {

// The meaning of a database's answer to a batch of lines.
enum class WriteResult : std::uint8_t {
  kTaken,
  kRefused,   // the lines are at fault: sent again, they would be refused again
  kTooLarge,  // a part of the batch may be taken
  kLater      // the server or the settings are at fault
};
[[nodiscard]] WriteResult result_of(const client::HttpReply& reply);

// The lines of a refused batch that are lost: a server may have taken the others.
[[nodiscard]] std::size_t lost_lines(const client::HttpReply& reply, std::size_t lines);

// The devices that reported lately, and when their histories are to be looked at. A report is
// announced before it is durable and in history, which takes long on a busy machine: it is looked
// for at once and again at growing distances, for a minute in all.
//
// Thread rule: one thread at a time.
class News {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  // The device has reported.
  void add(const std::string& sn) { waiting_.insert_or_assign(sn, Looks{}); }
  // Whether its history is to be looked at now; then this counts as a look.
  [[nodiscard]] bool take(const std::string& sn, Moment now) {
    const auto found = waiting_.find(sn);
    if (found == waiting_.end() || now < found->second.next) return false;
    Looks& looks = found->second;
    looks.next = now + std::chrono::seconds(1 << looks.done);
    if (++looks.done == kLooks) waiting_.erase(found);
    return true;
  }

 private:
  static constexpr int kLooks = 7;
  struct Looks {
    int done = 0;
    Moment next{};
  };
  StringMap<Looks> waiting_;
};

// Thread rule: start() and stop() on the bridges' loop, once each; the others from any thread.
class InfluxWriter {
 public:
  InfluxWriter(Parts parts, Identity identity, InfluxSettings settings);

  void start();
  void stop();
  // The device has reported.
  void on_news(const std::string& sn);
  // Any device may have reported.
  void on_all_news();

 private:
  using Moment = std::chrono::steady_clock::time_point;

  void run(const std::stop_token& stop);
  // Writes what is new of all devices with news. False: some of it is not written.
  [[nodiscard]] bool write_all(const std::stop_token& stop);
  // False: a stop is requested, or history is not read now.
  [[nodiscard]] bool write(const std::stop_token& stop, const HistoryLines::Device& device);
  [[nodiscard]] Status read(const std::stop_token& stop,
                            const std::shared_ptr<HistoryLines>& lines);
  // Sends until the lines are taken or refused. False: a stop is requested.
  [[nodiscard]] bool send(const std::stop_token& stop, const LineBatch& batch);
  [[nodiscard]] bool send_halves(const std::stop_token& stop, const LineBatch& batch);
  [[nodiscard]] Result<client::HttpReply> ask(const std::stop_token& stop, const std::string& text);
  [[nodiscard]] Status open(const std::stop_token& stop);
  // Tries to reach the database, as long as there was nothing to send. False: it is not reached.
  [[nodiscard]] bool try_to_reach(const std::stop_token& stop);
  // Reads the positions. False: a stop is requested.
  [[nodiscard]] bool open_positions(const std::stop_token& stop);
  void save();
  void set_behind();
  [[nodiscard]] std::vector<HistoryLines::Device> devices_with_news();
  [[nodiscard]] std::int64_t now_ms() const;

  const Parts parts_;
  const Identity identity_;
  const std::shared_ptr<const InfluxSettings> settings_;
  Positions positions_;
  std::optional<client::HttpClient> client_;
  GrowingPause pause_;
  std::int64_t begun_ms_ = 0;  // by the devices' clock
  bool is_reached_ = false;    // the database was, at least once
  Moment saved_;
  bool saves_soon_ = false;                        // after this round
  Moment complete_;                                // when the database had all that there was
  Moment all_looked_;                              // when all devices were looked at
  std::chrono::steady_clock::duration reading_{};  // of this round
  Wakeup wakeup_;
  std::mutex mutex_;
  News news_;
  bool all_news_ = true;  // in the next round all devices are looked at
  std::jthread thread_;
};

}  // namespace gridloom::bridges
