// SPDX-License-Identifier: MIT
#include "agent/tunnel_process/descriptor_socket.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>

namespace tollgate::agent::tunnel_process {

namespace {

/// Room for the control message, aligned as the kernel wants it.
struct alignas(cmsghdr) Control {
    std::array<std::byte, CMSG_SPACE(sizeof(int) * kDescriptorsMax)> bytes{};
};

void take_descriptors(const msghdr& message, std::vector<FileDescriptor>& descriptors) {
    for (cmsghdr* control = CMSG_FIRSTHDR(&message); control != nullptr;
         control = CMSG_NXTHDR(const_cast<msghdr*>(&message), control)) {
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        const std::size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int descriptor = -1;
            std::memcpy(&descriptor, CMSG_DATA(control) + i * sizeof(int), sizeof descriptor);
            descriptors.emplace_back(descriptor);
        }
    }
}

}  // namespace

ssize_t send_with(int socket,
                  std::span<const std::byte> bytes,
                  std::span<const int> descriptors,
                  int flags) {
    if (descriptors.size() > kDescriptorsMax) {
        errno = EMSGSIZE;
        return -1;
    }
    Control control;
    iovec part{.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (!descriptors.empty()) {
        message.msg_control = control.bytes.data();
        message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
        cmsghdr* const header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
        std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
    }
    ssize_t sent = 0;
    do {
        sent = ::sendmsg(socket, &message, flags | MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent;
}

ssize_t receive_with(int socket,
                     std::span<std::byte> bytes,
                     std::vector<FileDescriptor>& descriptors,
                     int flags) {
    Control control;
    iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    ssize_t received = 0;
    do {
        received = ::recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
    } while (received < 0 && errno == EINTR);
    if (received < 0) {
        return received;
    }
    take_descriptors(message, descriptors);
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        descriptors.clear();
        errno = EMSGSIZE;
        return -1;
    }
    return received;
}

}  // namespace tollgate::agent::tunnel_process
