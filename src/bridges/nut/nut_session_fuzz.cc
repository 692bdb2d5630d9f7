// Fuzz target: whatever a client sends, the answers do not depend on how the bytes were split, and
// each is a line.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/loop.h"
#include "bridges/nut/session.h"

namespace {

using namespace gridloom;
using namespace gridloom::bridges;

std::string answers_to(std::string_view bytes, std::size_t piece) {
  static const SystemClock kClock;
  static Health health(kClock, "fuzz");
  nut::UpsBoard board;
  auto all = std::make_shared<nut::UpsMap>();
  auto ups = std::make_shared<nut::Ups>();
  ups->sn = "R33";
  ups->description = "a \"b\" \\c";
  ups->variables = {{"ups.status", "OL"}, {"battery.charge", "62"}};
  (*all)["R33"] = ups;
  board.show(all);
  nut::Clients clients({.user = "u", .password = Secret("p"), .board = &board, .health = &health});
  ImmediateLoop loop;
  nut::Session session({.loop = loop, .wake = [] {}, .peer = "127.0.0.1"}, clients, TimePoint());
  std::string out;
  while (!bytes.empty() && !session.finished()) {
    session.receive(bytes.substr(0, piece), TimePoint());
    bytes.remove_prefix(std::min(piece, bytes.size()));
    while (session.has_work()) session.work();
    session.take_output(out);
  }
  session.lost();
  return out;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name belongs to libFuzzer
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string bytes(data + 1, data + size);
  const std::string whole = answers_to(bytes, bytes.size() + 1);
  if (whole != answers_to(bytes, 1 + data[0] % 64)) std::abort();
  if (!whole.empty() && !whole.ends_with('\n')) std::abort();
  return 0;
}
