"""Changes of expanded tensors in place, and hooks that return what does not fit."""

EXPRESSIONS = r"""
a=x.detach()[0].expand(2,3);a.fill_(1);a
a=x.detach()[0].expand(2,3);a.zero_();x
a=x.detach()[0].expand(2,3);a.copy_(x.detach())
a=x.detach()[0].expand(2,3);a.mul_(2)
a=x.detach()[0].expand(2,3);a[0]=1;x
a=x.detach()[0].expand(2,3);a[0].add_(1);x
a=x.detach()[0].expand(2,3);a[0].sin_();x
a=x.detach()[0].expand(2,3);a[0].copy_(v.detach());x
a=x.detach()[0].expand(2,3);a[:1].mul_(2);x
a=x.detach()[0].expand(2,3);a.uniform_();x
a=x.detach()[0].expand(2,3);a[0].uniform_();x
a=x.detach()[0].expand(2,3);exec("a[:,0]=1");x
a=x.detach()[0].expand(1,3);a.add_(1);x
a=x.detach()[0].expand(2,3);a.detach().zero_();x
a=x.detach()[0].expand(2,3);a.detach().add_(1);x
a=c[0].expand(2,3);a.zero_();c
a=c[0].expand(2,3);a[0].mul_(3);c
a=x.detach()[0].expand(2,3);a.squeeze_();a.shape
x.register_hook(lambda g:torch.ones(5));x.sum().backward()
x.register_hook(lambda g:g.double());x.sum().backward()
""".strip()
