// Remembers the bridges that may have ended the program. No answer of a peer may do that; if one
// does, the next start asks the same peer again, and nobody has service until a person finds out.
//
// A bridge that had begun less than a minute ago is near when a thread of the bridges takes a fatal
// signal. One that was near twice in a row is not begun again. If several were, they begin one
// after the other, each after the one before has run for a minute, until one of them is found out.
//
// Kept in two files of the folder: suspect-bridges.json, and fatal-end, which the dying process
// writes. One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace gridloom::bridges {

class Suspects {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kNear{60};
  static constexpr int kMostEnds = 2;

  // Takes over what the process before has left.
  explicit Suspects(std::filesystem::path folder);
  Suspects(const Suspects&) = delete;
  Suspects& operator=(const Suspects&) = delete;
  ~Suspects();

  // From now on fatal signals of threads with this name count. False: the folder takes no file, so
  // none does.
  bool watch(const char* thread_name);

  enum class Verdict : std::uint8_t {
    kBegin,
    kWait,  // another suspect is near
    kOff    // it ended the program
  };
  [[nodiscard]] Verdict of(std::string_view name) const;
  // It begins now. Its state has to be saved before.
  void begin(const std::string& name, Moment now);
  // It has ended as it should.
  void end(std::string_view name);
  // It was the one: the others are not suspected any more.
  void found_out(std::string_view name);
  // It may begin again.
  void forgive(std::string_view name);
  // Those that have run for a minute are not near any more.
  void tick(Moment now);
  // Writes the file if it is to change.
  void save();

 private:
  [[nodiscard]] bool is_suspect(std::string_view name) const;

  const std::filesystem::path folder_;
  std::map<std::string, Moment, std::less<>> near_;  // when they began
  std::map<std::string, int, std::less<>> ends_;     // of the program, near the bridge
  bool is_changed_ = false;                          // since it was saved
  int fatal_ = -1;                                   // the file
};

}  // namespace gridloom::bridges
