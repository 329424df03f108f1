#include "hal/camera/jpeg.hpp"

#include <cstdio>  // before jpeglib.h, which needs FILE
#include <cstdlib>
#include <new>
#include <stdexcept>

#include <jpeglib.h>

namespace celeriac::hal::camera {
namespace {

// libjpeg's own handler ends the process.
[[noreturn]] void raise(j_common_ptr) {
  throw std::runtime_error("libjpeg refuses a picture of ours");
}

/// libjpeg's compressor and the memory that it writes to.
class Compressor {
 public:
  Compressor() {
    info_.err = jpeg_std_error(&errors_);
    errors_.error_exit = raise;
    jpeg_create_compress(&info_);
    jpeg_mem_dest(&info_, &bytes_, &size_);
  }
  ~Compressor() {
    jpeg_destroy_compress(&info_);
    std::free(bytes_);
  }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  std::string encode(const Canvas& canvas) {
    info_.image_width = static_cast<JDIMENSION>(canvas.width());
    info_.image_height = static_cast<JDIMENSION>(canvas.height());
    info_.input_components = 3;
    info_.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info_);
    jpeg_set_quality(&info_, jpeg_quality, TRUE);
    jpeg_start_compress(&info_, TRUE);
    const std::size_t stride = static_cast<std::size_t>(canvas.width()) * 3;
    while (info_.next_scanline < info_.image_height) {
      // The interface takes pointers to samples that it only reads.
      auto* row = const_cast<JSAMPROW>(canvas.bytes().data() + info_.next_scanline * stride);
      jpeg_write_scanlines(&info_, &row, 1);
    }
    jpeg_finish_compress(&info_);
    return {reinterpret_cast<const char*>(bytes_), size_};
  }

 private:
  jpeg_compress_struct info_{};
  jpeg_error_mgr errors_{};
  unsigned char* bytes_ = nullptr;
  unsigned long size_ = 0;
};

}  // namespace

std::string encode_jpeg(const Canvas& canvas) {
  return Compressor().encode(canvas);
}

}  // namespace celeriac::hal::camera
