// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/system/file_descriptor.hpp"
#include "agent/tunnel/secret_text.hpp"
#include "agent/tunnel/uapi_socket.hpp"
#include "agent/tunnel/uapi_text.hpp"

namespace tollgate::agent {

/// One client of a UapiSocket: the bytes that are on their way in and out. Nothing is read before
/// the last answer is gone, so that it holds one piece of text and one answer.
class UapiConnection {
  public:
    enum class Wants : std::uint8_t { to_read, to_write, to_hang_up };

    /// @param socket  non-blocking
    explicit UapiConnection(FileDescriptor socket) : socket_{std::move(socket)} {}
    ~UapiConnection() { forget_input(); }
    UapiConnection(const UapiConnection&) = delete;
    UapiConnection& operator=(const UapiConnection&) = delete;

    /// Goes on as far as it can without waiting, through one operation at most.
    /// @return what to wait for
    [[nodiscard]] Wants advance(const UapiHandlers& handlers);
    [[nodiscard]] int fd() const { return socket_.get(); }
    /// Operations whose answers are sent.
    [[nodiscard]] std::uint64_t finished() const { return finished_; }

  private:
    [[nodiscard]] bool receive();
    [[nodiscard]] bool send();
    void answer(const UapiOperation& operation, const UapiHandlers& handlers);
    [[nodiscard]] bool is_answering() const { return sent_ < answer_.view().size(); }
    void forget_input();

    FileDescriptor socket_;
    UapiReader reader_;
    std::array<char, 16384> input_{};
    std::size_t received_ = 0;
    std::string_view rest_;  ///< of the input: not read yet
    SecretText answer_;
    std::size_t sent_ = 0;
    std::uint64_t finished_ = 0;
    bool is_last_ = false;  ///< hang up after this answer
};

}  // namespace tollgate::agent
