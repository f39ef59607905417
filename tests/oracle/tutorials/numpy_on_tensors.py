"""NumPy and tensors side by side: functions, names of arguments, memory, strides."""

import numpy as np
import torch

x = torch.tensor([[1.0, 4.0, 9.0], [16.0, 25.0, 36.0]])
print(np.sqrt(x), type(np.sqrt(x)), np.exp(x[0, :1]), np.maximum(x, 10))
print(np.add(x, 1).dtype, np.add(x, np.ones(3)).dtype, np.isnan(x).dtype, np.clip(x, 2, 20))
print(np.mean(x.numpy()), np.asarray(x).shape, np.array(x).dtype, np.linalg.norm(x))
scale = np.float64(0.5)
w = torch.ones(3, requires_grad=True)
loss = (scale * w * x / np.sqrt(4)).sum() + np.float32(2) ** w.sum()
loss.backward()
print(loss, w.grad, np.float64(3) > x)
try:
    np.sin(w)
except RuntimeError as error:
    print(str(error)[:40])

# NumPy's names of arguments
print(x.sum(axis=0), x.mean(axis=1, keepdims=True), x.max(axis=1), torch.argmax(x, axis=-1))
print(torch.cumsum(x, axis=1), torch.cumprod(x, axis=0), x.std(axis=-1, keepdims=True))
print(torch.cat([x, x], axis=1).shape, torch.stack([x, x], axis=-1).shape)
print(x.unsqueeze(axis=0).shape, x[None].squeeze(axis=0).shape, torch.softmax(x, axis=1))
print(x.sort(axis=1, descending=True).values, x.topk(2, axis=1).indices, x.unbind(axis=1)[0])
print(torch.gather(x, axis=1, index=torch.tensor([[0], [2]])), x.chunk(3, axis=1)[1])
print(x.repeat_interleave(2, axis=0), torch.diff(x, axis=1), x[:, np.newaxis].shape)
print(x[:, torch.newaxis].shape, torch.unsqueeze(x, 1).shape, x.logsumexp(axis=0))

# the memory below tensors
points = torch.tensor([[4.0, 1.0], [5.0, 3.0], [2.0, 1.0]])
print(points.storage().tolist(), len(points.storage()), points.storage()[1])
second = points[1]
print(second.storage_offset(), second.size(), second.stride(), points.t().stride())
print(id(points.storage()) is None, points.storage().data_ptr() == points.t().storage().data_ptr())
print(second.untyped_storage().size(), points.untyped_storage().nbytes())
second.storage()[0] = 9.0
print(points, torch.arange(3).storage())
print(points.new([1, 2]), points.new(2).shape, points.clone().apply_(lambda v: v + 1))
print(torch.FloatTensor, points.type(), points.type("torch.IntTensor"), torch.cuda.FloatTensor)

# the order of dimensions in memory
images = torch.arange(48.0).view(1, 3, 4, 4)
last = images.to(memory_format=torch.channels_last)
print(images.stride(), last.stride(), last.is_contiguous(), torch.equal(images, last))
print(last.is_contiguous(memory_format=torch.channels_last), last.contiguous().stride())
layer = torch.nn.Conv2d(3, 2, 1, bias=False).to(memory_format=torch.channels_last)
torch.nn.init.ones_(layer.weight)
print(layer(last)[0, 0])
