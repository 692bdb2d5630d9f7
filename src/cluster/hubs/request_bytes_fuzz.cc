// Fuzzes requests and replies as bytes: any bytes are read or refused, and what is read is written
// as bytes that are read as the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/loop.h"
#include "hubs/request_bytes.h"

namespace {

namespace hub = gridloom::hub;

class Nobody final : public hub::Client {
 public:
  using hub::Client::Client;
  void deliver(std::vector<hub::Delivery> /*deliveries*/, std::vector<hub::Ack> /*acks*/) override {
  }
  void kick(hub::KickReason /*reason*/) override {}
  void rights_changed() override {}
  void resume_reading() override {}
};

void require(bool holds) {
  if (!holds) std::abort();
}

// The clients whose numbers are in the corpus: 1 to 4.
hub::ClientBook& clients() {
  static gridloom::ImmediateLoop loop;
  static std::vector<hub::ClientPtr> known;
  static hub::ClientBook book;
  while (known.size() < 4) {
    known.push_back(std::make_shared<Nobody>(loop, hub::Identity{}, "fuzz"));
    static_cast<void>(book.number_of(known.back()));
  }
  return book;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto request = hub::request_in(bytes, clients())) {
    const std::string written = hub::bytes_of(*request, clients());
    const auto again = hub::request_in(written, clients());
    require(again && hub::bytes_of(*again, clients()) == written);
  }
  if (const auto reply = hub::reply_in(bytes)) {
    const std::string written = hub::bytes_of(*reply);
    const auto again = hub::reply_in(written);
    require(again && hub::bytes_of(*again) == written);
  }
  return 0;
}
