"""Which type comes out of which, and how the types describe themselves."""

import torch

a = torch.tensor([1, 2, 3])
b = torch.tensor([1.0, 2.0, 3.0])
c = b.double()
h = b.half()
for left in (a, b, c, h, a.bool(), a.to(torch.uint8)):
    for right in (a, b, c, h, 2, 2.5, True):
        print((left * right).dtype, end=" ")
    print()
print(a / 2, a // 2, (a / a).dtype, a.float() // 2, torch.true_divide(a, 2))
print(torch.result_type(a, 1.0), torch.promote_types(torch.int32, torch.float16))
print(torch.can_cast(torch.double, torch.float), torch.can_cast(torch.float, torch.int))
print(b.int(), torch.tensor([1.9, -1.9]).long(), torch.tensor([0.0, 2.0]).bool(), a.byte())
print(b.bfloat16(), h, c, a.char(), a.short())
print(torch.tensor([300]).to(torch.uint8), torch.tensor([200], dtype=torch.uint8) + 100)
print(torch.finfo(torch.float32), torch.finfo(torch.float16).max, torch.finfo(torch.float64).eps)
print(
    torch.finfo().bits, torch.finfo(torch.float32).tiny, torch.finfo(torch.bfloat16).smallest_normal
)
print(torch.iinfo(torch.int64).max, torch.iinfo(torch.int8), torch.iinfo(torch.uint8).min)
print(torch.get_default_dtype())
torch.set_default_dtype(torch.float64)
print(torch.tensor([1.5]).dtype, torch.ones(2), torch.tensor([1.5], dtype=torch.float32))
torch.set_default_dtype(torch.float32)
print(torch.float32.is_floating_point, torch.int64.is_floating_point, torch.float16.itemsize)
print(torch.float32, torch.float, torch.float == torch.float32, torch.long is torch.int64)
print(torch.is_floating_point(b), b.is_floating_point(), a.is_complex(), torch.is_complex(b))
print(a.type(torch.float64).dtype, a.type("torch.FloatTensor").dtype, a.type_as(b).dtype)
print(b.to(torch.int32).dtype, b.to("cpu", torch.float64).dtype, b.to(c).dtype, b.to(c).type())
print(a.element_size(), c.element_size(), c.nbytes, h.itemsize)
print(
    torch.FloatTensor([1, 2]), torch.LongTensor([1.0, 2.0] and [1, 2]), torch.DoubleTensor(2).shape
)
print(torch.tensor(5).item(), torch.tensor(5.5).item(), torch.tensor(True).item())
print(sum(torch.tensor([True, True, False])), torch.tensor([True, False]).sum().dtype)
print(torch.ones(3, dtype=torch.int32).mean(dtype=torch.float32), a.sum(dtype=torch.float64))
for job in (
    lambda: a.mean(),
    lambda: torch.tensor([1, 2], requires_grad=True),
    lambda: a.add_(0.5),
    lambda: a.bool() - a.bool(),
    lambda: -a.bool(),
    lambda: torch.mm(torch.ones(2, 2), torch.ones(2, 2).double()),
    lambda: torch.tensor("abc"),
    lambda: torch.tensor([[1, 2], [3]]),
    lambda: torch.exp("x"),
    lambda: torch.finfo(torch.int32),
    lambda: torch.iinfo(torch.float32),
):
    try:
        print(job())
    except (RuntimeError, TypeError, ValueError) as error:
        print(type(error).__name__, error)
