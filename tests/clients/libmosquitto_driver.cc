// A test driver for libmosquitto: reads commands as lines of JSON on standard input, and writes the
// library's events as lines of JSON. driver.py documents the protocol; paho_driver.py and
// node/mqtt_driver.mjs use it too.
//
// Every client has a thread for mosquitto_loop_forever, which reconnects by itself after a lost
// connection, but not after a DISCONNECT from the server (5); in that case the thread reconnects.
// Properties have the library's names ("response-topic"). The driver accepts no topic aliases from
// a server.
//
// Thread rule: commands on the main thread, callbacks on the clients' threads. The driver holds
// none of its mutexes while it calls the library, which has its own.
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <sys/socket.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "wire/json.h"

namespace {

using gridloom::wire::Json;
using gridloom::wire::JsonArray;
using gridloom::wire::JsonObject;

constexpr std::chrono::milliseconds kReconnectAfter{250};

class Output {
 public:
  void say(const JsonObject& event) {
    const std::scoped_lock lock(mutex_);
    std::cout << gridloom::wire::to_text(event) << std::endl;
  }

 private:
  std::mutex mutex_;
};

Output& output() {
  static Output only;
  return only;
}

// --- properties ---

struct FreeProperties {
  void operator()(mosquitto_property* list) const { mosquitto_property_free_all(&list); }
};
using Properties = std::unique_ptr<mosquitto_property, FreeProperties>;

struct FreeText {
  void operator()(void* text) const { std::free(text); }  // NOLINT: the library's malloc
};
template <typename T>
using Owned = std::unique_ptr<T, FreeText>;

std::string text_of(const Json& value) { return std::string(value.as_string()); }

std::string text_at(const JsonObject& from, std::string_view key) {
  const Json* found = from.if_contains(key);
  return found == nullptr || !found->is_string() ? std::string() : text_of(*found);
}

int number_at(const JsonObject& from, std::string_view key, int otherwise = 0) {
  const Json* found = from.if_contains(key);
  return found == nullptr || !found->is_int64() ? otherwise : static_cast<int>(found->as_int64());
}

bool is_set(const JsonObject& from, std::string_view key) {
  const Json* found = from.if_contains(key);
  return found != nullptr && found->is_bool() && found->as_bool();
}

int add_property(mosquitto_property** list, int identifier, int type, const Json& value) {
  switch (type) {
    case MQTT_PROP_TYPE_BYTE:
      return mosquitto_property_add_byte(list, identifier,
                                         static_cast<std::uint8_t>(value.as_int64()));
    case MQTT_PROP_TYPE_INT16:
      return mosquitto_property_add_int16(list, identifier,
                                          static_cast<std::uint16_t>(value.as_int64()));
    case MQTT_PROP_TYPE_INT32:
      return mosquitto_property_add_int32(list, identifier,
                                          static_cast<std::uint32_t>(value.as_int64()));
    case MQTT_PROP_TYPE_VARINT:
      return mosquitto_property_add_varint(list, identifier,
                                           static_cast<std::uint32_t>(value.as_int64()));
    case MQTT_PROP_TYPE_BINARY: {
      const std::string bytes = text_of(value);
      return mosquitto_property_add_binary(list, identifier, bytes.data(),
                                           static_cast<std::uint16_t>(bytes.size()));
    }
    case MQTT_PROP_TYPE_STRING:
      return mosquitto_property_add_string(list, identifier, text_of(value).c_str());
    default: {
      int code = MOSQ_ERR_SUCCESS;
      for (const Json& pair : value.as_array()) {
        code = mosquitto_property_add_string_pair(list, identifier, text_of(pair.at(0)).c_str(),
                                                  text_of(pair.at(1)).c_str());
      }
      return code;
    }
  }
}

Properties properties_of(const JsonObject& from, std::string_view key = "properties") {
  mosquitto_property* list = nullptr;
  const Json* given = from.if_contains(key);
  if (given != nullptr && given->is_object()) {
    for (const auto& [name, value] : given->get_object()) {
      int identifier = 0;
      int type = 0;
      mosquitto_string_to_property_info(std::string(name).c_str(), &identifier, &type);
      if (add_property(&list, identifier, type, value) != MOSQ_ERR_SUCCESS) {
        std::cerr << "libmosquitto refuses the property " << name << std::endl;
      }
    }
  }
  return Properties(list);
}

Json value_of(const mosquitto_property* property, int identifier, int type) {
  std::uint8_t byte = 0;
  std::uint16_t int16 = 0;
  std::uint32_t int32 = 0;
  char* text = nullptr;
  void* bytes = nullptr;
  switch (type) {
    case MQTT_PROP_TYPE_BYTE:
      mosquitto_property_read_byte(property, identifier, &byte, false);
      return std::int64_t{byte};
    case MQTT_PROP_TYPE_INT16:
      mosquitto_property_read_int16(property, identifier, &int16, false);
      return std::int64_t{int16};
    case MQTT_PROP_TYPE_INT32:
      mosquitto_property_read_int32(property, identifier, &int32, false);
      return std::int64_t{int32};
    case MQTT_PROP_TYPE_VARINT:
      mosquitto_property_read_varint(property, identifier, &int32, false);
      return std::int64_t{int32};
    case MQTT_PROP_TYPE_BINARY: {
      mosquitto_property_read_binary(property, identifier, &bytes, &int16, false);
      const Owned<void> owned(bytes);
      return Json(std::string_view(static_cast<const char*>(bytes), int16));
    }
    case MQTT_PROP_TYPE_STRING: {
      mosquitto_property_read_string(property, identifier, &text, false);
      const Owned<char> owned(text);
      return Json(text == nullptr ? "" : text);
    }
    default: {
      char* name = nullptr;
      mosquitto_property_read_string_pair(property, identifier, &name, &text, false);
      const Owned<char> owned_name(name);
      const Owned<char> owned_text(text);
      return JsonArray{name == nullptr ? "" : name, text == nullptr ? "" : text};
    }
  }
}

// Converts properties to JSON; user properties and subscription identifiers may repeat, so these
// are lists.
JsonObject told(const mosquitto_property* list) {
  JsonObject object;
  for (; list != nullptr; list = mosquitto_property_next(list)) {
    const int identifier = mosquitto_property_identifier(list);
    const char* name = mosquitto_property_identifier_to_string(identifier);
    int type = 0;
    int same = 0;
    mosquitto_string_to_property_info(name, &same, &type);
    Json value = value_of(list, identifier, type);
    if (identifier == MQTT_PROP_USER_PROPERTY || identifier == MQTT_PROP_SUBSCRIPTION_IDENTIFIER) {
      if (!object.contains(name)) object[name] = JsonArray();
      object[name].as_array().push_back(std::move(value));
    } else {
      object[name] = std::move(value);
    }
  }
  return object;
}

// --- clients ---

class Client {
 public:
  explicit Client(const JsonObject& command)
      : name_(command.at("client")),
        reconnects_(is_set(command, "reconnect")),
        mosquitto_(
            mosquitto_new(text_at(command, "id").empty() ? nullptr : text_at(command, "id").c_str(),
                          is_set(command, "clean"), this)) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() {
    leaves();
    mosquitto_disconnect(mosquitto_.get());
    if (thread_.joinable()) thread_.join();
  }

  void open(const JsonObject& command) {
    mosquitto* client = mosquitto_.get();
    mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, number_at(command, "version"));
    mosquitto_username_pw_set(client, text_at(command, "user").c_str(),
                              text_at(command, "password").c_str());
    mosquitto_reconnect_delay_set(client, 1, 1, false);
    if (text_at(command, "door") == "mqtts") {
      mosquitto_tls_set(client, text_at(command, "ca").c_str(), nullptr, nullptr, nullptr, nullptr);
    }
    const Properties properties = properties_of(command);
    if (const Json* given = command.if_contains("properties"); given != nullptr) {
      // Without the option, the library acts as if it had announced a larger receive maximum.
      const int window = number_at(given->as_object(), "receive-maximum");
      if (window != 0) mosquitto_int_option(client, MOSQ_OPT_RECEIVE_MAXIMUM, window);
    }
    if (const Json* will = command.if_contains("will"); will != nullptr) set_will(*will);
    mosquitto_threaded_set(client, true);
    listen();
    const JsonArray& place = command.at("place").as_array();
    const int code = mosquitto_connect_bind_v5(
        client, text_of(place.at(0)).c_str(), static_cast<int>(place.at(1).as_int64()),
        number_at(command, "keepalive", 60), nullptr, properties.get());
    if (code != MOSQ_ERR_SUCCESS) {
      return tell("failed", {{"why", mosquitto_strerror(code)}});
    }
    thread_ = std::thread([this] { run(); });
  }

  void subscribe(const JsonObject& command) {
    const Properties properties = properties_of(command);
    const int handling = number_at(command, "handling") << 4;
    const int options = (is_set(command, "noLocal") ? MQTT_SUB_OPT_NO_LOCAL : 0) |
                        (is_set(command, "asPublished") ? MQTT_SUB_OPT_RETAIN_AS_PUBLISHED : 0) |
                        handling;
    Filters filters(command);
    asked(command, [&](int* mid) {
      return mosquitto_subscribe_multiple(mosquitto_.get(), mid, filters.count(), filters.data(),
                                          number_at(command, "qos"), options, properties.get());
    });
  }

  void unsubscribe(const JsonObject& command) {
    Filters filters(command);
    asked(command, [&](int* mid) {
      return mosquitto_unsubscribe_multiple(mosquitto_.get(), mid, filters.count(), filters.data(),
                                            nullptr);
    });
  }

  void publish(const JsonObject& command) {
    const Properties properties = properties_of(command);
    const std::string topic = text_at(command, "topic");
    const std::string payload = text_at(command, "payload");
    asked(command, [&](int* mid) {
      return mosquitto_publish_v5(mosquitto_.get(), mid, topic.empty() ? nullptr : topic.c_str(),
                                  static_cast<int>(payload.size()), payload.data(),
                                  number_at(command, "qos"), is_set(command, "retain"),
                                  properties.get());
    });
  }

  void leave(const JsonObject& command) {
    const Properties properties = properties_of(command);
    leaves();
    mosquitto_disconnect_v5(mosquitto_.get(), number_at(command, "reason"), properties.get());
  }

  // Drops the connection without DISCONNECT, as a network failure does.
  void drop() { shutdown(mosquitto_socket(mosquitto_.get()), SHUT_RDWR); }

 private:
  // Topic filters in the form the library needs: pointers to mutable text, which the library does
  // not change.
  class Filters {
   public:
    explicit Filters(const JsonObject& command) {
      for (const Json& filter : command.at("filters").as_array()) texts_.push_back(text_of(filter));
      for (std::string& text : texts_) pointers_.push_back(text.data());
    }
    [[nodiscard]] int count() const { return static_cast<int>(texts_.size()); }
    [[nodiscard]] char** data() { return pointers_.data(); }

   private:
    std::vector<std::string> texts_;
    std::vector<char*> pointers_;
  };

  struct Free {
    void operator()(mosquitto* client) const { mosquitto_destroy(client); }
  };

  void run() {
    do mosquitto_loop_forever(mosquitto_.get(), -1, 1);
    while (reconnects_ && reconnected());
  }

  // False: the client is leaving. The reconnect is delayed, because the library waits forever if a
  // server that is about to stop accepts the connection but never completes the handshake.
  bool reconnected() {
    std::unique_lock lock(mutex_);
    while (!left_.wait_for(lock, kReconnectAfter, [this] { return leaves_; })) {
      lock.unlock();
      if (mosquitto_reconnect(mosquitto_.get()) == MOSQ_ERR_SUCCESS) return true;
      lock.lock();
    }
    return false;
  }

  void leaves() {
    const std::scoped_lock lock(mutex_);
    leaves_ = true;
    left_.notify_all();
  }

  void tell(std::string_view event, JsonObject facts) {
    facts["client"] = name_;
    facts["event"] = event;
    output().say(facts);
  }

  template <typename Call>
  void asked(const JsonObject& command, const Call& call) {
    int mid = 0;
    const int code = call(&mid);
    if (code != MOSQ_ERR_SUCCESS) {
      return tell("refused", {{"n", command.at("n")}, {"why", mosquitto_strerror(code)}});
    }
    JsonObject early;
    {
      const std::scoped_lock lock(mutex_);
      auto found = early_.extract(mid);
      if (found.empty()) {
        waiting_[mid] = command.at("n");
        return;
      }
      early = std::move(found.mapped());
    }
    early["n"] = command.at("n");
    tell(text_at(early, "event"), early);
  }

  void answered(std::string_view event, int mid, JsonObject facts) {
    {
      const std::scoped_lock lock(mutex_);
      const auto found = waiting_.extract(mid);
      if (found.empty()) {
        facts["event"] = event;
        early_[mid] = std::move(facts);
        return;
      }
      facts["n"] = found.mapped();
    }
    tell(event, std::move(facts));
  }

  void set_will(const Json& given) {
    const JsonObject& will = given.as_object();
    const std::string payload = text_at(will, "payload");
    mosquitto_will_set_v5(mosquitto_.get(), text_at(will, "topic").c_str(),
                          static_cast<int>(payload.size()), payload.data(), number_at(will, "qos"),
                          is_set(will, "retain"), properties_of(will).release());
  }

  void on_message(const mosquitto_message& message, const mosquitto_property* list) {
    const std::string_view payload(static_cast<const char*>(message.payload),
                                   static_cast<std::size_t>(message.payloadlen));
    tell("message", {{"topic", message.topic},
                     {"payload", payload},
                     {"qos", message.qos},
                     {"retain", message.retain},
                     {"properties", told(list)}});
  }

  void listen() {
    mosquitto* client = mosquitto_.get();
    mosquitto_connect_v5_callback_set(client, [](mosquitto*, void* self, int code, int flags,
                                                 const mosquitto_property* list) {
      static_cast<Client*>(self)->tell(
          "connected", {{"code", code}, {"present", (flags & 1) != 0}, {"properties", told(list)}});
    });
    mosquitto_disconnect_v5_callback_set(
        client, [](mosquitto* same, void* self, int code, const mosquitto_property* list) {
          auto* that = static_cast<Client*>(self);
          that->tell("closed", {{"code", code}, {"properties", told(list)}});
          if (!that->reconnects_) mosquitto_disconnect(same);
        });
    mosquitto_message_v5_callback_set(client,
                                      [](mosquitto*, void* self, const mosquitto_message* message,
                                         const mosquitto_property* list) {
                                        static_cast<Client*>(self)->on_message(*message, list);
                                      });
    mosquitto_subscribe_v5_callback_set(
        client, [](mosquitto*, void* self, int mid, int count, const int* granted,
                   const mosquitto_property* list) {
          static_cast<Client*>(self)->answered(
              "subscribed", mid,
              {{"codes", JsonArray(granted, granted + count)}, {"properties", told(list)}});
        });
    mosquitto_unsubscribe_v5_callback_set(
        client, [](mosquitto*, void* self, int mid, const mosquitto_property* list) {
          static_cast<Client*>(self)->answered("unsubscribed", mid, {{"properties", told(list)}});
        });
    mosquitto_publish_v5_callback_set(
        client, [](mosquitto*, void* self, int mid, int code, const mosquitto_property* list) {
          static_cast<Client*>(self)->answered("published", mid,
                                               {{"code", code}, {"properties", told(list)}});
        });
  }

  const Json name_;
  const bool reconnects_;
  std::mutex mutex_;
  std::condition_variable left_;
  bool leaves_ = false;
  std::map<int, Json> waiting_;      // command numbers by packet id
  std::map<int, JsonObject> early_;  // answers that arrived before their packet id was known
  std::unique_ptr<mosquitto, Free> mosquitto_;
  std::thread thread_;
};

class Clients {
 public:
  void run(const JsonObject& command) {
    const std::string verb = text_at(command, "do");
    std::unique_ptr<Client>& client = clients_[text_at(command, "client")];
    if (verb == "open") {
      client = std::make_unique<Client>(command);
      client->open(command);
    } else if (verb == "subscribe") {
      client->subscribe(command);
    } else if (verb == "unsubscribe") {
      client->unsubscribe(command);
    } else if (verb == "publish") {
      client->publish(command);
    } else if (verb == "leave") {
      client->leave(command);
    } else if (verb == "drop") {
      client->drop();
    } else if (verb == "forget") {
      clients_.erase(text_at(command, "client"));
    } else {
      std::cerr << "libmosquitto_driver: what is " << verb << "?" << std::endl;
    }
  }

 private:
  std::map<std::string, std::unique_ptr<Client>> clients_;
};

}  // namespace

// libmosquitto leaks the properties of a CONNACK that refuses the connection.
extern "C" const char* __lsan_default_suppressions();  // NOLINT: the sanitizer's name
extern "C" const char* __lsan_default_suppressions() { return "leak:libmosquitto"; }  // NOLINT

int main() {
  mosquitto_lib_init();
  {
    Clients clients;
    for (std::string line; std::getline(std::cin, line);) {
      const auto command = gridloom::wire::parse_json(line, {.bytes = std::size_t{4} << 20});
      if (!command || !command->is_object()) {
        std::cerr << "libmosquitto_driver: not a command: " << line << std::endl;
        return EXIT_FAILURE;
      }
      clients.run(command->get_object());
    }
  }
  mosquitto_lib_cleanup();
  return EXIT_SUCCESS;
}
