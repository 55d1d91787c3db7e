// SPDX-License-Identifier: MIT
#include "agent/tunnel/uapi_connection.hpp"

#include <cerrno>

#include <sys/socket.h>

namespace tollgate::agent {

UapiConnection::Wants UapiConnection::advance(const UapiHandlers& handlers) {
    if (!is_answering()) {
        if (rest_.empty() && !receive()) {
            return Wants::to_hang_up;
        }
        if (const auto operation = reader_.read(rest_)) {
            answer(*operation, handlers);
        }
        if (rest_.empty()) {
            forget_input();
        }
    }
    if (!send()) {
        return Wants::to_hang_up;
    }
    if (is_answering() || !rest_.empty()) {
        return Wants::to_write;
    }
    return Wants::to_read;
}

// False at the end of the stream, or if it is broken.
bool UapiConnection::receive() {
    const ssize_t size = ::recv(socket_.get(), input_.data(), input_.size(), MSG_DONTWAIT);
    if (size < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    received_ = static_cast<std::size_t>(size);
    rest_ = {input_.data(), received_};
    return size > 0;
}

// False if there is nobody to send to any more, or the last answer is gone.
bool UapiConnection::send() {
    if (!is_answering()) {
        return true;
    }
    const std::string_view left = answer_.view().substr(sent_);
    const ssize_t size =
        ::send(socket_.get(), left.data(), left.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    sent_ += static_cast<std::size_t>(size);
    if (is_answering()) {
        return true;
    }
    answer_ = {};
    sent_ = 0;
    ++finished_;
    return !is_last_;
}

void UapiConnection::answer(const UapiOperation& operation, const UapiHandlers& handlers) {
    if (std::holds_alternative<UapiGet>(operation)) {
        answer_ = format_uapi_state(handlers.get());
    } else if (const auto* change = std::get_if<DeviceChange>(&operation)) {
        answer_ += format_uapi_error(handlers.set(*change));
    } else if (const auto* fault = std::get_if<UapiFault>(&operation)) {
        answer_ += format_uapi_error(fault->error);
        is_last_ = fault->is_lost;
    }
}

void UapiConnection::forget_input() {
    crypto::secret_memory::wipe(reinterpret_cast<std::byte*>(input_.data()), received_);
    received_ = 0;
    rest_ = {};
}

}  // namespace tollgate::agent
