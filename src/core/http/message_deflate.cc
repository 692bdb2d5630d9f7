#include "http/message_deflate.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <limits>
#include <set>

#include "http/head.h"

namespace gridloom::http {
namespace {

constexpr int kWindowBits = 13;      // 8 KB, which has a small home twice
constexpr int kLeastWindowBits = 9;  // zlib has no smaller ones
constexpr int kMostWindowBits = 15;
constexpr int kMemoryLevel = 6;
constexpr std::size_t kShortMessage = 64;  // bytes, which are not compressed

constexpr std::string_view kName = "permessage-deflate";

struct Offer {
  int server_bits = kMostWindowBits;
  bool server_forgets = false;
};

// A window has 8 to 15.
std::optional<int> bits_in(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  int bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (!is_number || text.front() == '0' || bits < 8 || bits > kMostWindowBits) return std::nullopt;
  return bits;
}

// False: an offer with this parameter is declined.
bool take_parameter(std::string_view name, std::optional<std::string_view> value, Offer& offer) {
  if (same_name(name, "server_no_context_takeover")) {
    offer.server_forgets = true;
    return !value;
  }
  if (same_name(name, "client_no_context_takeover")) return !value;
  if (same_name(name, "client_max_window_bits")) return !value || bits_in(*value);
  if (!same_name(name, "server_max_window_bits") || !value) return false;
  const auto bits = bits_in(*value);
  if (!bits || *bits < kLeastWindowBits) return false;
  offer.server_bits = *bits;
  return true;
}

// An element of the header. Nothing: it is another extension, or declined.
std::optional<Offer> offer_in(std::string_view element) {
  std::size_t semicolon = element.find(';');
  if (!same_name(trimmed(element.substr(0, semicolon)), kName)) return std::nullopt;
  Offer offer;
  std::set<std::string, std::less<>> names;
  while (semicolon != std::string_view::npos) {
    element.remove_prefix(semicolon + 1);
    semicolon = element.find(';');
    const std::string_view parameter = trimmed(element.substr(0, semicolon));
    const std::size_t equals = parameter.find('=');
    const std::string_view name = trimmed(parameter.substr(0, equals));
    std::optional<std::string_view> value;
    if (equals != std::string_view::npos) value = trimmed(parameter.substr(equals + 1));
    if (!names.emplace(name).second || !take_parameter(name, value, offer)) return std::nullopt;
  }
  return offer;
}

// zlib's bytes are unsigned, and it does not write to its input.
// NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast,cppcoreguidelines-pro-type-const-cast)
void set_input(z_stream& stream, std::string_view in) {
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data()));
  stream.avail_in =
      static_cast<uInt>(std::min<std::size_t>(in.size(), std::numeric_limits<uInt>::max()));
}

void set_output(z_stream& stream, char* out, std::size_t size) {
  stream.next_out = reinterpret_cast<Bytef*>(out);
  stream.avail_out = static_cast<uInt>(size);
}
// NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast,cppcoreguidelines-pro-type-const-cast)

}  // namespace

std::unique_ptr<MessageDeflate> MessageDeflate::negotiate(std::string_view offers) {
  std::optional<Offer> taken;
  static_cast<void>(lists(offers, [&](std::string_view element) {
    taken = offer_in(element);
    return taken.has_value();
  }));
  if (!taken) return nullptr;
  std::unique_ptr<MessageDeflate> made(new MessageDeflate);
  made->forgets_ = taken->server_forgets;
  made->window_bits_ = std::min(taken->server_bits, kWindowBits);
  made->accepted_ =
      fmt::format("{}; client_no_context_takeover; server_max_window_bits={}{}", kName,
                  made->window_bits_, made->forgets_ ? "; server_no_context_takeover" : "");
  return made;
}

bool MessageDeflate::begin() {
  if (has_deflate_) return true;
  has_deflate_ = deflateInit2(&deflate_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -window_bits_,
                              kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK;
  return has_deflate_;
}

MessageDeflate::~MessageDeflate() {
  if (has_deflate_) deflateEnd(&deflate_);
  if (has_inflate_) inflateEnd(&inflate_);
}

std::optional<std::string> MessageDeflate::compress(std::string_view message) {
  if (message.size() < kShortMessage || !begin()) return std::nullopt;
  // A flush adds some bytes to what deflateBound() knows of.
  std::string out(deflateBound(&deflate_, message.size()) + 16, '\0');
  set_input(deflate_, message);
  set_output(deflate_, out.data(), out.size());
  const bool is_good = deflate(&deflate_, Z_SYNC_FLUSH) == Z_OK && deflate_.avail_in == 0;
  out.resize(out.size() - deflate_.avail_out);
  const bool is_whole = is_good && out.ends_with(kTail);
  // A message that the client does not get this way is not one to refer to.
  if (forgets_ || !is_whole) deflateReset(&deflate_);
  if (!is_whole) return std::nullopt;
  out.resize(out.size() - kTail.size());
  return out;
}

std::optional<std::string_view> MessageDeflate::unpack(std::string_view& in,
                                                       std::span<char> buffer) {
  if (!has_inflate_) {
    inflate_ = {};
    has_inflate_ = inflateInit2(&inflate_, -kMostWindowBits) == Z_OK;
    if (!has_inflate_) return std::nullopt;
  }
  set_input(inflate_, in);
  set_output(inflate_, buffer.data(), buffer.size());
  const std::size_t given = inflate_.avail_in;
  const int did = inflate(&inflate_, Z_SYNC_FLUSH);
  in.remove_prefix(given - inflate_.avail_in);
  const std::size_t made = buffer.size() - inflate_.avail_out;
  // The client may end its stream and begin another one within a message.
  if (did == Z_STREAM_END) {
    if (inflateReset(&inflate_) != Z_OK) return std::nullopt;
  } else if (did != Z_OK && did != Z_BUF_ERROR) {
    return std::nullopt;
  }
  if (made == 0 && given == inflate_.avail_in && given > 0) return std::nullopt;
  return std::string_view(buffer.data(), made);
}

void MessageDeflate::end_message() {
  if (has_inflate_) inflateEnd(&inflate_);
  has_inflate_ = false;
}

}  // namespace gridloom::http
